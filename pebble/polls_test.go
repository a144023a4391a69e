package pebble

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	pebbleacme "github.com/letsencrypt/pebble/v2/acme"
	"golang.org/x/crypto/acme"
)

// Without held polls an issuance takes a second or more, because clients wait between
// polls.
func TestPollsAreHeld(t *testing.T) {
	s := newSite(t)
	c := s.registered()
	var took []time.Duration
	for i := range 15 {
		start := time.Now()
		name := fmt.Sprintf("n%d.example.test", i)
		if _, err := s.issue(t.Context(), c, "tls-alpn-01", name); err != nil {
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
		t.Errorf("%d looks at %d authorizations, expected two at each: pending at once, then the verdict",
			polls, len(took))
	}
}

// Pebble's handlers of one order can deadlock with each other and with its background
// work. Clients that poll their orders all the time provoke that.
func TestConcurrentIssuances(t *testing.T) {
	s := newSite(t, func(o *Options) { o.SkipValidation = true })
	const workers, each = 10, 20
	clients := make([]*acme.Client, workers)
	for i := range clients {
		clients[i] = s.registered()
	}
	var all sync.WaitGroup
	for w, c := range clients {
		all.Go(func() {
			for i := range each {
				name := fmt.Sprintf("w%d-%d.example.test", w, i)
				if err := s.issueWatched(c, name); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
	all.Wait()
	if got := len(s.ca.Journal().Issued()); got != workers*each {
		t.Errorf("%d certificates, expected %d", got, workers*each)
	}
}

// issueWatched gets a certificate while others poll the order all the time. A deadlock
// lasts for ever, so the deadline is long enough for slow machines.
func (s *site) issueWatched(c *acme.Client, name string) error {
	ctx, cancel := context.WithTimeout(s.t.Context(), 40*time.Second)
	defer cancel()
	order, err := c.AuthorizeOrder(ctx, acme.DomainIDs(name))
	if err != nil {
		return err
	}
	var done atomic.Bool
	var looks sync.WaitGroup
	for range 2 {
		looks.Go(func() {
			for !done.Load() {
				if _, err := c.GetOrder(ctx, order.URI); err != nil {
					s.t.Errorf("%s: a look at the order: %v", name, err)
					return
				}
			}
		})
	}
	_, err = s.finish(ctx, c, order, "http-01", name)
	done.Store(true)
	looks.Wait()
	return err
}

// Every order needs a validation of its own. Pebble reuses one authorization in a
// hundred even when told not to, so it must not find any.
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
	x.payload.Identifiers = []identifierObject{{"dns", "WWW.example.test"}}
	store := e.backend.frontend.Load().store
	restore := e.hideValidAuthorizations(x)
	if a := store.FindValidAuthorization(x.account, name); a != nil {
		t.Error("Pebble finds a valid authorization while they are set aside")
	}
	restore()
	if a := store.FindValidAuthorization(x.account, name); a == nil {
		t.Error("a valid authorization was not put back")
	}
}

// BenchmarkIssuance measures how long an issuance takes in two dialects.
func BenchmarkIssuance(b *testing.B) {
	for _, dialect := range []Dialect{LetsEncrypt, Stock} {
		b.Run(dialect.String(), func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				s := newSite(b, func(o *Options) { o.Dialect = dialect })
				start := time.Now()
				client := s.registered()
				_, err := s.issue(b.Context(), client, "tls-alpn-01", "www.example.test")
				if err != nil {
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
