package pebble

import (
	"context"
	"fmt"
	"io"
	"log"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	pebbleacme "github.com/letsencrypt/pebble/v2/acme"
	"golang.org/x/crypto/acme"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

func TestIssuance(t *testing.T) {
	for _, c := range []struct {
		manner        Manner
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
		t.Run(fmt.Sprintf("%s/%s", c.manner, c.challenge), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, func(o *Options) {
				o.Manner, o.Intermediates, o.Validity = c.manner, c.intermediates, 45*24*time.Hour
			})
			chain, err := s.issue(t.Context(), s.registered(), c.challenge, "www.example.test")
			if err != nil {
				t.Fatal(err)
			}
			if err := s.verify(chain, "www.example.test"); err != nil {
				t.Error(err)
			}
			if got := len(chain) - 1; got != c.intermediates {
				t.Errorf("%d intermediates, expected %d", got, c.intermediates)
			}
			if life := chain[0].NotAfter.Sub(chain[0].NotBefore); life < 45*24*time.Hour-2*time.Second || life > 45*24*time.Hour {
				t.Errorf("the certificate lives %s, expected 45 days", life)
			}
			j := s.ca.Journal()
			if !j.Validated(c.challenge, "www.example.test") || len(j.Validations()) != 1 {
				t.Errorf("expected one validation, by %s; the journal has %v", c.challenge, j.Validations())
			}
			issued := j.Issued()
			if len(issued) != 1 || issued[0].Serial != chain[0].SerialNumber.Text(16) || issued[0].KeyAlgorithm != "ECDSA" ||
				!slices.Equal(issued[0].Identifiers, []string{"www.example.test"}) {
				t.Errorf("issued %v", issued)
			}
			want := ""
			if c.location {
				want = strings.TrimSuffix(s.ca.DirectoryURL(), "/dir") + "/my-order/" + issued[0].Order
			}
			if !slices.Equal(s.locate, []string{want}) {
				t.Errorf("Location of finalize: %q, expected %q", s.locate, want)
			}
		})
	}
}

// Let's Encrypt sends no port in the Host header (RFC 8555 §8.3: validation is
// by port 80), Pebble always does.
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

// Pebble alone needs a second or more, for clients wait between polls.
func TestPollsAreHeld(t *testing.T) {
	s := newSite(t)
	c := s.registered()
	var took []time.Duration
	for i := range 15 {
		start := time.Now()
		if _, err := s.issue(t.Context(), c, "tls-alpn-01", fmt.Sprintf("n%d.example.test", i)); err != nil {
			t.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	if median := took[len(took)/2]; median > 500*time.Millisecond {
		t.Errorf("an issuance takes %s, expected less than 500 ms", median)
	}
	polls := s.ca.Journal().Count(func(e Entry) bool { return e.Kind == KindAuthz })
	if polls != 2*len(took) {
		t.Errorf("%d looks at %d authorizations, expected two at each: pending at once, then the verdict", polls, len(took))
	}
}

// Pebble's own handlers of one order deadlock when they meet, or meet its
// background work. Clients that look at their orders all the time make them.
func TestConcurrentIssuances(t *testing.T) {
	s := newSite(t, func(o *Options) { o.SkipValidation = true })
	const workers, each = 10, 20
	clients := make([]*acme.Client, workers)
	for i := range clients {
		clients[i] = s.registered()
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var all sync.WaitGroup
	for w, c := range clients {
		all.Go(func() {
			for i := range each {
				name := fmt.Sprintf("w%d-%d.example.test", w, i)
				order, err := c.AuthorizeOrder(ctx, acme.DomainIDs(name))
				if err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				var done atomic.Bool
				var looks sync.WaitGroup
				for range 2 {
					looks.Go(func() {
						for !done.Load() {
							if _, err := c.GetOrder(ctx, order.URI); err != nil {
								t.Errorf("%s: a look at the order: %v", name, err)
								return
							}
						}
					})
				}
				if _, err := s.finish(ctx, c, order, "http-01", name); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				done.Store(true)
				looks.Wait()
			}
		})
	}
	all.Wait()
	if got := len(s.ca.Journal().Issued()); got != workers*each {
		t.Errorf("%d certificates, expected %d", got, workers*each)
	}
}

// Every order asks for a validation of its own: Pebble reuses one authorization
// in a hundred even when told not to. So it must not find any.
func TestAuthorizationsAreNeverReused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.registered()
	for range 2 {
		if _, err := s.issue(t.Context(), c, "tls-alpn-01", "www.example.test"); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(s.ca.Journal().Validations()); got != 2 {
		t.Errorf("%d validations for 2 orders", got)
	}
	e, name := s.ca.edge, pebbleacme.Identifier{Type: "dns", Value: "www.example.test"}
	x := &exchange{account: s.ca.Journal().Requests(KindNewAccount)[0].Account}
	x.payload.Identifiers = []identity{{"dns", "WWW.example.test"}}
	store := e.backend.office.Load().store
	putBack := e.setAside(x)
	if a := store.FindValidAuthorization(x.account, name); a != nil {
		t.Error("Pebble finds a valid authorization while they are set aside")
	}
	putBack()
	if a := store.FindValidAuthorization(x.account, name); a == nil {
		t.Error("a valid authorization was not put back")
	}
}

func TestFailedValidation(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.registered()
	order, err := c.AuthorizeOrder(t.Context(), acme.DomainIDs("www.example.test"))
	if err != nil {
		t.Fatal(err)
	}
	authz, err := c.GetAuthorization(t.Context(), order.AuthzURLs[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Accept(t.Context(), authz.Challenges[0]); err != nil { // http-01, unprepared: 404
		t.Fatal(err)
	}
	if _, err := c.WaitAuthorization(t.Context(), authz.URI); err == nil {
		t.Error("the authorization is valid, expected invalid")
	}
	if o, err := c.GetOrder(t.Context(), order.URI); err != nil || o.Status != acme.StatusInvalid {
		t.Errorf("order: %v, %v, expected invalid", o, err)
	}
	// Another challenge of a decided authorization is answered, not validated.
	if _, err := c.Accept(t.Context(), authz.Challenges[1]); err != nil {
		t.Errorf("another challenge: %v", err)
	}
	v := s.ca.Journal().Validations()
	if len(v) != 1 || v[0].Valid() || v[0].What != "challenge http-01 invalid" || v[0].Problem != acmeError+"unauthorized" {
		t.Errorf("validations: %v", v)
	}
	if text := s.ca.Journal().String(); strings.Contains(text, authz.Challenges[0].Token) {
		t.Errorf("the journal tells a token:\n%s", text)
	}
}

// A server that nobody listens on is told from one that does not answer right.
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
		return e.Kind == KindConnection && strings.HasSuffix(e.What, "failed") && strings.Contains(e.Detail, "refused")
	})
	if len(refused) == 0 {
		t.Error("no refused connection in the journal")
	}
	if v := s.ca.Journal().Validations(); len(v) != 2 || !strings.Contains(v[0].Problem, "connection") {
		t.Errorf("validations: %v, expected two, the first with a connection problem", v)
	}
}

func TestOffer(t *testing.T) {
	t.Parallel()
	for _, offer := range [][]string{{"http-01"}, {"dns-01", "tls-alpn-01", "http-01"}, {"tls-alpn-01", "http-01"}} {
		s := newSite(t, func(o *Options) { o.Offer = offer })
		c := s.registered()
		order, err := c.AuthorizeOrder(t.Context(), acme.DomainIDs("www.example.test"))
		if err != nil {
			t.Fatal(err)
		}
		authz, err := c.GetAuthorization(t.Context(), order.AuthzURLs[0])
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, ch := range authz.Challenges {
			got = append(got, ch.Type)
		}
		if !slices.Equal(got, offer) {
			t.Errorf("on offer: %v, expected %v", got, offer)
		}
	}
}

// BenchmarkIssuance tells how long an issuance takes a client, by manner.
func BenchmarkIssuance(b *testing.B) {
	for _, manner := range []Manner{LetsEncrypt, Stock} {
		b.Run(manner.String(), func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				s := newSite(b, func(o *Options) { o.Manner = manner })
				start := time.Now()
				if _, err := s.issue(b.Context(), s.registered(), "tls-alpn-01", "www.example.test"); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
		})
	}
}
