package wire

import (
	"context"
	"crypto/tls"
	"slices"
	"strings"
	"testing"
	"time"

	"assay/fixtures/pki"
)

// TestForms makes a handshake with a hello of each form, with servers of both versions.
func TestForms(t *testing.T) {
	t.Parallel()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		server := serve(t, identity(t, pki.Spec{Intermediates: 1}), func(c *tls.Config) {
			c.MaxVersion, c.NextProtos = version, []string{"h2"}
		})
		server.Protocols = []string{"h2"} // browsers offer their own, h2 among them
		for _, form := range []Form{Chrome, Firefox, Retry, Unknown} {
			client := server
			client.Form = form
			h := client.Handshake(t.Context())
			if h.Err != nil || h.VerifyErr != nil || h.State.Version != version {
				t.Errorf("%s, %s: %s, error %v, chain %v", tls.VersionName(version), form,
					tls.VersionName(h.State.Version), h.Err, h.VerifyErr)
			}
			if chosen := h.State.NegotiatedProtocol; len(h.Chain) != 2 || chosen != "h2" {
				t.Errorf("%s, %s: %d certificates and protocol %q, expected the whole chain and h2",
					tls.VersionName(version), form, len(h.Chain), chosen)
			}
		}
	}
	client := serve(t, identity(t, pki.Spec{}), nil)
	client.Form = "opera"
	h := client.Handshake(t.Context())
	if h.Err == nil || !strings.Contains(h.Err.Error(), `"opera"`) {
		t.Errorf("%v, expected an error that names the form", h.Err)
	}
}

// TestUnknownOfTLS12 checks that a client of TLS 1.2 can offer what only TLS 1.3 has.
func TestUnknownOfTLS12(t *testing.T) {
	t.Parallel()
	var seen *tls.ClientHelloInfo
	client := serve(t, identity(t, pki.Spec{}), func(c *tls.Config) {
		c.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			seen = hello
			return nil, nil
		}
	})
	client.Form, client.MaxVersion = Unknown, tls.VersionTLS12
	if h := client.Handshake(t.Context()); h.Err != nil || h.State.Version != tls.VersionTLS12 {
		t.Fatalf("%s, error %v", tls.VersionName(h.State.Version), h.Err)
	}
	if len(seen.SupportedCurves) != 4 || seen.SupportedCurves[1] != tls.X25519MLKEM768 {
		t.Errorf("the server saw the groups %v, expected four, the second X25519MLKEM768",
			seen.SupportedCurves)
	}
	if highest := slices.Max(seen.SupportedVersions); highest != tls.VersionTLS12 {
		t.Errorf("the server saw %s, expected TLS 1.2", tls.VersionName(highest))
	}
}

// TestFormsWithGroups checks that a client of each form gets through to a server whatever group
// that chooses.
func TestFormsWithGroups(t *testing.T) {
	t.Parallel()
	for _, groups := range [][]tls.CurveID{
		{tls.X25519MLKEM768}, {tls.X25519MLKEM768, tls.CurveP256}, {tls.X25519}, {tls.CurveP256},
		{tls.CurveP384},
	} {
		server := serve(t, identity(t, pki.Spec{}), func(c *tls.Config) { c.CurvePreferences = groups })
		for form, offers := range map[Form][]tls.CurveID{
			Chrome:  {tls.X25519MLKEM768, tls.X25519, tls.CurveP256, tls.CurveP384},
			Firefox: {tls.X25519, tls.CurveP256, tls.CurveP384},
			Retry:   {tls.X25519, tls.CurveP256},
			Unknown: {tls.X25519MLKEM768, tls.X25519, tls.CurveP256},
		} {
			client := server
			client.Form = form
			offered := slices.ContainsFunc(groups, func(g tls.CurveID) bool {
				return slices.Contains(offers, g)
			})
			if h := client.Handshake(t.Context()); (h.Err == nil) != offered {
				t.Errorf("%s with a server of %v: error %v, expected a handshake: %t", form, groups,
					h.Err, offered)
			}
		}
	}
}

// TestGroups checks which groups a client offers.
func TestGroups(t *testing.T) {
	t.Parallel()
	server := serve(t, identity(t, pki.Spec{}), nil)
	for _, tt := range []struct {
		groups []tls.CurveID
		want   tls.CurveID
	}{
		{nil, tls.X25519},
		{[]tls.CurveID{}, tls.X25519MLKEM768},
		{[]tls.CurveID{tls.SecP256r1MLKEM768}, tls.SecP256r1MLKEM768},
	} {
		client := server
		client.Groups = tt.groups
		if h := client.Handshake(t.Context()); h.Err != nil || h.State.CurveID != tt.want {
			t.Errorf("%v: group %v, error %v, expected %v", tt.groups, h.State.CurveID, h.Err, tt.want)
		}
	}
}

// TestPaused checks that the second part of a hello comes after the pause, and that a
// client whose time is over does not wait for it.
func TestPaused(t *testing.T) {
	t.Parallel()
	client := serve(t, identity(t, pki.Spec{}), nil)
	dial := client.Dial
	client.Dial = Paused(dial, 100, 50*time.Millisecond)
	if h := client.Handshake(t.Context()); h.Err != nil || h.Took < 50*time.Millisecond {
		t.Errorf("the handshake took %v, error %v", h.Took, h.Err)
	}
	client.Dial = Paused(dial, 100, time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if h := client.Handshake(ctx); h.Err == nil {
		t.Error("the handshake succeeded before the pause was over")
	}
}
