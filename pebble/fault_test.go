package pebble

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/acme"
)

// steps are the kinds of requests of an issuance with a new account.
var steps = []Kind{
	KindDirectory, KindNewNonce, KindNewAccount, KindNewOrder,
	KindAuthz, KindChallenge, KindOrder, KindFinalize, KindCertificate,
}

// A client that repeats requests gets a certificate although one request fails.
func TestPassingFaults(t *testing.T) {
	for name, fault := range map[string]func(Kind) Fault{
		"badNonce":     BadNonce,
		"503":          func(k Kind) Fault { return Status(k, http.StatusServiceUnavailable) },
		"rate limited": func(k Kind) Fault { return RateLimited(k, time.Second) },
		"unavailable":  func(k Kind) Fault { return Unavailable(k, time.Second) },
	} {
		for _, kind := range steps {
			if kind == KindDirectory || kind == KindNewNonce {
				continue // no JWS, no nonce; see TestFaultsStrikeWhereAimed
			}
			t.Run(name+"/"+string(kind), func(t *testing.T) {
				t.Parallel()
				s := newSite(t)
				s.ca.Inject(fault(kind))
				chain, err := s.issue(t.Context(), s.registered(), "tls-alpn-01", "www.example.test")
				if err != nil {
					t.Fatal(err)
				}
				if err := s.verify(chain, "www.example.test"); err != nil {
					t.Error(err)
				}
				if f := s.ca.Journal().Faults(); len(f) != 1 || f[0].Kind != kind {
					t.Errorf("fired: %v, expected one at %s", f, kind)
				}
			})
		}
	}
}

// A request that is sent again as it was has a nonce that was used, whether a fault refused it
// or its nonce was too old. A connection that breaks uses up no nonce.
func TestRepeatedRequests(t *testing.T) {
	t.Parallel()
	const used = "the nonce was used before"
	for name, test := range map[string]struct {
		fault Fault
		want  string // the detail of the second answer; "" if the request is accepted
	}{
		"badNonce": {BadNonce(KindNewOrder), used},
		"500":      {Status(KindNewOrder, http.StatusInternalServerError), used},
		"dropped":  {Drop(KindNewOrder), ""},
		"too old":  {Fault{}, used},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var clock movable
			s := newSite(t, func(o *Options) { o.Now, o.NonceLife = clock.now, time.Hour })
			c := s.registered()
			again := &resending{next: c.HTTPClient.Transport}
			c.HTTPClient.Transport = again
			if test.fault.kind != "" {
				s.ca.Inject(test.fault)
			} else {
				clock.advance(2 * time.Hour)
			}
			// The client itself repeats the request with another nonce.
			if _, err := c.AuthorizeOrder(t.Context(), acme.DomainIDs("www.example.test")); err != nil {
				t.Fatal(err)
			}
			orders := s.ca.Journal().Requests(KindNewOrder)
			if len(orders) < 2 || orders[1].Detail != test.want {
				t.Errorf("orders %v, expected the second one to get %q", orders, test.want)
			}
		})
	}
}

// resending sends the first POST request that fails once more, as it was.
type resending struct {
	next http.RoundTripper
	done bool
}

func (s *resending) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := s.next.RoundTrip(r)
	failed := err != nil || res.StatusCode >= http.StatusBadRequest
	if !failed || s.done || r.GetBody == nil {
		return res, err
	}
	s.done = true
	if err == nil {
		res.Body.Close()
	}
	again := r.Clone(r.Context())
	if again.Body, err = r.GetBody(); err != nil {
		return nil, err
	}
	return s.next.RoundTrip(again)
}

// Every fault takes effect at the second request of its kind and at no other.
func TestFaultsStrikeWhereAimed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	raw := httpClient(t, s.ca)
	paths := map[Kind]string{
		KindDirectory: "/dir", KindNewNonce: "/nonce-plz", KindNewAccount: "/sign-me-up",
		KindNewOrder: "/order-plz", KindAuthz: "/authZ/a", KindChallenge: "/chalZ/c",
		KindOrder: "/my-order/o", KindFinalize: "/finalize-order/o", KindCertificate: "/certZ/c",
	}
	get := func(kind Kind) (*http.Response, error) {
		method := http.MethodPost
		if kind == KindDirectory || kind == KindNewNonce {
			method = http.MethodGet
		}
		r, err := http.NewRequestWithContext(t.Context(),
			method, strings.TrimSuffix(s.ca.DirectoryURL(), "/dir")+paths[kind], strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		response, err := raw.Do(r)
		if err == nil {
			response.Body.Close()
		}
		return response, err
	}
	status := func(code int, contentType string) func(*http.Response, error) error {
		return func(r *http.Response, err error) error {
			if err != nil || r.StatusCode != code ||
				!strings.HasPrefix(r.Header.Get("Content-Type"), contentType) {
				return fmt.Errorf("expected %d %s; got %v, %w", code, contentType, r, err)
			}
			return nil
		}
	}
	for _, kind := range steps {
		for _, c := range []struct {
			fault Fault
			check func(*http.Response, error) error
		}{
			{BadNonce(kind), func(r *http.Response, err error) error {
				if err == nil && r.Header.Get("Replay-Nonce") == "" {
					return fmt.Errorf("no fresh nonce")
				}
				return status(400, "application/problem+json")(r, err)
			}},
			{Status(kind, 500), status(500, "application/problem+json")},
			{RateLimited(kind, 90*time.Second), func(r *http.Response, err error) error {
				if err == nil && r.Header.Get("Retry-After") != "90" {
					return fmt.Errorf("Retry-After: %q, expected 90", r.Header.Get("Retry-After"))
				}
				return status(429, "application/problem+json")(r, err)
			}},
			{RateLimitedUntil(kind, time.Hour), func(r *http.Response, err error) error {
				if err != nil {
					return err
				}
				when, err := http.ParseTime(r.Header.Get("Retry-After"))
				if left := time.Until(when); err != nil || left < 59*time.Minute || left > 61*time.Minute {
					return fmt.Errorf("Retry-After: %q, expected a date in an hour", r.Header.Get("Retry-After"))
				}
				return nil
			}},
			{Drop(kind), func(r *http.Response, err error) error {
				if err == nil {
					return fmt.Errorf("expected no answer, got %v", r)
				}
				return nil
			}},
			{HTML(kind), status(200, "text/html")},
			{Redirect(kind), func(r *http.Response, err error) error {
				if err != nil || r.Request.Response == nil || r.Request.Response.StatusCode != 307 {
					return fmt.Errorf("expected an answer after a redirect, got %v, %w", r, err)
				}
				return nil
			}},
			{Garbage(kind), status(200, "application/")},
			{Fail(kind, Problem{Type: acmeError + "caa", Detail: "no", Status: 403}),
				status(403, "application/problem+json")},
		} {
			s.ca.Restore()
			s.ca.Inject(c.fault.At(2))
			before := len(s.ca.Journal().Faults())
			for n := 1; n <= 3; n++ {
				response, err := get(kind)
				fired := len(s.ca.Journal().Faults()) - before
				if n == 2 {
					if err := c.check(response, err); err != nil {
						t.Errorf("%s: %v", c.fault.At(2), err)
					}
				}
				if want := min(n/2, 1); fired != want {
					t.Errorf("%s: fired %d times after %d requests, expected %d", c.fault.At(2), fired, n, want)
				}
			}
		}
	}
}

func TestPersistentFaultUntilMended(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.registered()
	s.ca.Inject(Fail(KindNewOrder, Problem{
		Type: acmeError + "rejectedIdentifier", Detail: "not this one", Status: 403,
	}).Persistently())
	for range 3 {
		_, err := c.AuthorizeOrder(t.Context(), acme.DomainIDs("www.example.test"))
		var e *acme.Error
		if err == nil || !strings.Contains(err.Error(), "not this one") {
			t.Errorf("got %v (%T), expected the injected problem", err, e)
		}
	}
	s.ca.Restore()
	if _, err := s.issue(t.Context(), c, "http-01", "www.example.test"); err != nil {
		t.Errorf("after Restore: %v", err)
	}
}

func TestSlowBody(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const delay = 150 * time.Millisecond
	s.ca.Inject(Slow(KindDirectory, delay))
	start := time.Now()
	if _, err := s.client().Discover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < delay {
		t.Errorf("the directory took %s, expected %s at least", took, delay)
	}
}

func TestDown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	old := s.registered() // has a connection open
	s.ca.Down()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := old.GetReg(ctx, ""); err == nil {
		t.Error("a request on an old connection succeeds while the CA is down")
	}
	if _, err := s.client().Discover(ctx); err == nil {
		t.Error("a new connection succeeds while the CA is down")
	}
	if n := s.ca.Journal().Count(func(e Entry) bool { return e.Fault == faultDown }); n < 2 {
		t.Errorf("the journal has %s connections that were reset, expected 2 or more", strconv.Itoa(n))
	}
	s.ca.Restore()
	if _, err := s.issue(ctx, old, "http-01", "www.example.test"); err != nil {
		t.Errorf("after Restore: %v", err)
	}
}
