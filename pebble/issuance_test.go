package pebble

import (
	"fmt"
	"io"
	"log"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/acme"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

func TestIssuance(t *testing.T) {
	for _, c := range []struct {
		dialect       Dialect
		challenge     string
		intermediates int
		location      bool
	}{
		{LetsEncrypt, "http-01", 1, true},
		{LetsEncrypt, "tls-alpn-01", 3, true},
		{RFC8555, "http-01", 2, false},
		{RFC8555, "tls-alpn-01", 1, false},
		{Stock, "http-01", 1, false},
		{Stock, "tls-alpn-01", 1, false},
	} {
		t.Run(fmt.Sprintf("%s/%s", c.dialect, c.challenge), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, func(o *Options) {
				o.Dialect, o.Intermediates, o.Validity = c.dialect, c.intermediates, 45*24*time.Hour
			})
			began := time.Now()
			chain, err := s.issue(t.Context(), s.registered(), c.challenge, "www.example.test")
			if err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took >= patience {
				t.Errorf("the issuance took %s: a poll was held for %s after the CA had decided",
					took.Round(time.Millisecond), patience)
			}
			if err := s.verify(chain, "www.example.test"); err != nil {
				t.Error(err)
			}
			if got := len(chain) - 1; got != c.intermediates {
				t.Errorf("%d intermediates, expected %d", got, c.intermediates)
			}
			if life := chain[0].NotAfter.Sub(chain[0].NotBefore); life < 45*24*time.Hour-2*time.Second ||
				life > 45*24*time.Hour {
				t.Errorf("the certificate lives %s, expected 45 days", life)
			}
			j := s.ca.Journal()
			if !j.Validated(c.challenge, "www.example.test") || len(j.Validations()) != 1 {
				t.Errorf("expected one validation, by %s; the journal has %v", c.challenge, j.Validations())
			}
			issued := j.Issued()
			if len(issued) != 1 || issued[0].Serial != chain[0].SerialNumber.Text(16) ||
				issued[0].KeyAlgorithm != "ECDSA" ||
				!slices.Equal(issued[0].Identifiers, []string{"www.example.test"}) {
				t.Errorf("issued %v", issued)
			}
			want := ""
			if c.location {
				want = strings.TrimSuffix(s.ca.DirectoryURL(), "/dir") + "/my-order/" + issued[0].Order
			}
			if !slices.Equal(s.locations, []string{want}) {
				t.Errorf("Location of finalize: %q, expected %q", s.locations, want)
			}
		})
	}
}

// Let's Encrypt sends no port in the Host header (validation uses port 80, RFC 8555
// §8.3), but Pebble always does.
func TestHostHeaderHasNoPort(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if _, err := s.issue(t.Context(), s.registered(), "http-01", "www.example.test"); err != nil {
		t.Fatal(err)
	}
	for _, host := range s.hosts {
		if host != "www.example.test" {
			t.Errorf("Host: %s, expected www.example.test", host)
		}
	}
	if len(s.hosts) == 0 {
		t.Error("no challenge request arrived")
	}
	for _, e := range s.ca.Journal().Requests(KindConnection) {
		if e.Host != "www.example.test" || e.Status != 200 || e.Port == 0 {
			t.Errorf("connection journaled as %s", e)
		}
	}
}

func TestFailedValidation(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.registered()
	order, authz := s.order(c)
	began := time.Now()
	if _, err := c.Accept(t.Context(), authz.Challenges[0]); err != nil { // http-01, unprepared: 404
		t.Fatal(err)
	}
	if _, err := c.WaitAuthorization(t.Context(), authz.URI); err == nil {
		t.Error("the authorization is valid, expected invalid")
	}
	if o, err := c.GetOrder(t.Context(), order.URI); err != nil || o.Status != acme.StatusInvalid {
		t.Errorf("order: %v, %v, expected invalid", o, err)
	}
	if took := time.Since(began); took >= patience {
		t.Errorf("the verdict took %s: a poll was held for %s after the CA had decided",
			took.Round(time.Millisecond), patience)
	}
	// Another challenge of a decided authorization is answered, not validated.
	if _, err := c.Accept(t.Context(), authz.Challenges[1]); err != nil {
		t.Errorf("another challenge: %v", err)
	}
	v := s.ca.Journal().Validations()
	if len(v) != 1 || v[0].Valid() || v[0].What != "challenge http-01 invalid" ||
		v[0].Problem != acmeError+"unauthorized" {
		t.Errorf("validations: %v", v)
	}
	if text := s.ca.Journal().String(); strings.Contains(text, authz.Challenges[0].Token) {
		t.Errorf("the journal contains a token:\n%s", text)
	}
}

// The journal distinguishes a refused connection from a wrong answer.
func TestRefusedConnection(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) {
		for i := range o.Gateway {
			o.Gateway[i].Forward = "127.0.0.1:1" // nobody is there
		}
	})
	for _, challenge := range []string{"http-01", "tls-alpn-01"} {
		if _, err := s.issue(t.Context(), s.registered(), challenge, "www.example.test"); err == nil {
			t.Errorf("%s succeeded, expected failure", challenge)
		}
	}
	refused := s.ca.Journal().Filter(func(e Entry) bool {
		return e.Kind == KindConnection && strings.HasSuffix(e.What, "failed") &&
			strings.Contains(e.Detail, "refused")
	})
	if len(refused) == 0 {
		t.Error("no refused connection in the journal")
	}
	if v := s.ca.Journal().Validations(); len(v) != 2 ||
		!strings.Contains(v[0].Problem, "connection") {
		t.Errorf("validations: %v, expected two, the first with a connection problem", v)
	}
}

func TestOffer(t *testing.T) {
	t.Parallel()
	for _, offer := range [][]string{
		{"http-01"}, {"dns-01", "tls-alpn-01", "http-01"}, {"tls-alpn-01", "http-01"},
	} {
		s := newSite(t, func(o *Options) { o.Offer = offer })
		_, authz := s.order(s.registered())
		if got := offered(authz); !slices.Equal(got, offer) {
			t.Errorf("on offer: %v, expected %v", got, offer)
		}
	}
}
