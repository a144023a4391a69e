package pebble

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/core"

	"assay/pebble/ari"
)

// The window for a renewal is where Let's Encrypt has it, also for a certificate that
// lives shorter than Pebble's own window is long.
func TestSuggestedWindow(t *testing.T) {
	t.Parallel()
	for life, want := range map[time.Duration]time.Duration{
		day: day / 2, 160 * time.Hour: 80 * time.Hour, DefaultValidity: DefaultValidity * 2 / 3,
	} {
		var clock movable
		clock.advance(300 * day)
		s := newSite(t, func(o *Options) { o.Now, o.Validity = clock.now, life })
		chain, err := s.issue(t.Context(), s.registered(), "http-01", "www.example.test")
		if err != nil {
			t.Fatal(err)
		}
		text := base64.RawURLEncoding.EncodeToString
		address := "https://" + s.ca.options.Authority + "/draft-ietf-acme-ari-03/renewalInfo/" +
			text(chain[0].AuthorityKeyId) + "." + text(chain[0].SerialNumber.Bytes())
		response, err := httpClient(t, s.ca).Get(address)
		if err != nil {
			t.Fatal(err)
		}
		var info struct {
			SuggestedWindow struct{ Start, End time.Time }
		}
		err = json.NewDecoder(response.Body).Decode(&info)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("status %d, %v", response.StatusCode, err)
		}
		window := info.SuggestedWindow
		ideal := chain[0].NotBefore.Add(want)
		if window.Start.After(ideal) || window.End.Before(ideal) ||
			window.End.Sub(window.Start) > life/40 {
			t.Errorf("%s: got %s to %s, expected a short time around %s", life,
				window.Start, window.End, ideal)
		}
	}
}

// infoAddress returns where a CA gives the renewal information for a certificate.
func infoAddress(s *site, cert *x509.Certificate) string {
	return "https://" + s.ca.options.Authority + "/draft-ietf-acme-ari-03/renewalInfo/" +
		ari.ID(cert)
}

// A test decides what the CA says about renewal, and the journal tells which certificate was
// asked about.
func TestSuggest(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	chain, err := s.issue(t.Context(), s.registered(), "http-01", "www.example.test")
	if err != nil {
		t.Fatal(err)
	}
	start := chain[0].NotBefore.UTC()
	s.ca.Suggest(func(cert *x509.Certificate) ari.Info {
		if !cert.Equal(chain[0]) {
			t.Errorf("asked about the certificate %x, expected %x", cert.SerialNumber, chain[0].SerialNumber)
		}
		return ari.Info{Start: start, End: start.Add(time.Hour), ExplanationURL: "https://a.test",
			RetryAfter: time.Minute}
	})
	response, err := httpClient(t, s.ca).Get(infoAddress(s, chain[0]))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	want, _ := json.Marshal(ari.Info{Start: start, End: start.Add(time.Hour),
		ExplanationURL: "https://a.test"})
	if err != nil || string(body) != string(want) || response.Header.Get("Retry-After") != "60" {
		t.Errorf("found %s (%v) and Retry-After %q, expected %s and 60", body, err,
			response.Header.Get("Retry-After"), want)
	}
	asked := s.ca.Journal().Requests(KindRenewalInfo)
	if len(asked) != 1 || asked[0].Serial != chain[0].SerialNumber.Text(16) {
		t.Errorf("found %v, expected one request about %x", asked, chain[0].SerialNumber)
	}
}

// A request that gets no answer keeps no time from passing.
func TestSilenceIsNothingUnderWay(t *testing.T) {
	t.Parallel()
	clocks := map[string]func() time.Time{"the machine's time": nil, "its own": time.Now}
	for name, now := range clocks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testSilence(t, newSite(t, func(o *Options) { o.Now = now }))
		})
	}
}

func testSilence(t *testing.T, s *site) {
	t.Helper()
	client := httpClient(t, s.ca)
	if _, err := client.Get(s.ca.DirectoryURL()); err != nil { // the connection is there
		t.Fatal(err)
	}
	s.ca.Inject(Silence(KindDirectory))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.ca.DirectoryURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := client.Do(request)
		ended <- err
	}()
	limit, end := context.WithTimeout(t.Context(), 10*time.Second)
	defer end()
	err = s.ca.Journal().Wait(limit, "a request without an answer", func(j *Journal) bool {
		return len(j.Faults()) > 0
	})
	if err != nil {
		t.Fatal(err)
	}
	quiet := func() bool {
		return !strings.Contains(strings.Join(s.ca.UnderWay(), " "), "answer")
	}
	for !quiet() {
		select {
		case <-limit.Done():
			t.Fatalf("under way: %v, expected no answer to a request", s.ca.UnderWay())
		case <-time.After(time.Millisecond):
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("found %v, expected that the client had to give up", err)
	}
}

// Pebble finds a certificate whose serial number begins with a zero byte in its identifier.
func TestReplacedWithZeroByte(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	e := s.ca.edge
	store := e.backend.frontend.Load().store
	err := store.AddOrderByIssuedSerial(&core.Order{
		ID: "first", CertificateObject: &core.Certificate{ID: "87654321"},
	})
	if err != nil {
		t.Fatal(err)
	}
	e.findReplaced(&exchange{payload: payload{Replaces: "aYhba4dGQEHhs3uEe9CuLN4ByNQ.AIdlQyE"}})
	order, err := store.GetOrderByIssuedSerial("0087654321")
	if err != nil || order.ID != "first" {
		t.Errorf("found %v (%v), expected the order first", order, err)
	}
}
