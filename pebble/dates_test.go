package pebble

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onsi/gomega"
	"golang.org/x/crypto/acme"
)

// movable is a clock that a test moves.
type movable struct{ lead atomic.Int64 }

func (m *movable) now() time.Time { return time.Now().Round(0).Add(time.Duration(m.lead.Load())) }

func (m *movable) advance(d time.Duration) { m.lead.Add(int64(d)) }

// near reports an error unless a moment is the wanted one, but for a minute.
func near(t *testing.T, what string, got, want time.Time) {
	t.Helper()
	if off := got.Sub(want); off < -time.Minute || off > time.Minute {
		t.Errorf("%s: got %s, expected %s", what, got, want)
	}
}

const day = 24 * time.Hour

func TestTimeOfTheCA(t *testing.T) {
	for _, dialect := range []Dialect{LetsEncrypt, RFC8555, Stock} {
		t.Run(dialect.String(), func(t *testing.T) {
			t.Parallel()
			var clock movable
			s := newSite(t, func(o *Options) { o.Now, o.Dialect = clock.now, dialect })
			c := s.registered()
			for range 4 {
				chain, err := s.issue(t.Context(), c, "http-01", "www.example.test")
				if err != nil {
					t.Fatal(err)
				}
				near(t, "begin of the certificate", chain[0].NotBefore, clock.now())
				near(t, "end of the certificate", chain[0].NotAfter, clock.now().Add(DefaultValidity))
				entries := s.ca.Journal().Entries()
				near(t, "last entry of the journal", entries[len(entries)-1].At, clock.now())
				clock.advance(200 * day)
			}
		})
	}
}

func TestDatesInAnswers(t *testing.T) {
	t.Parallel()
	var clock movable
	clock.advance(300 * day)
	s := newSite(t, func(o *Options) { o.Now = clock.now })
	c := s.registered()
	order, err := c.AuthorizeOrder(t.Context(), acme.DomainIDs("www.example.test"))
	if err != nil {
		t.Fatal(err)
	}
	near(t, "end of the order", order.Expires, clock.now().Add(day))
	authz, err := c.GetAuthorization(t.Context(), order.AuthzURLs[0])
	if err != nil {
		t.Fatal(err)
	}
	near(t, "end of the authorization", authz.Expires, clock.now().Add(time.Hour))
	clock.advance(20 * time.Minute)
	chain, err := s.finish(t.Context(), c, order, "http-01", "www.example.test")
	if err != nil {
		t.Fatal(err)
	}
	near(t, "begin of the certificate", chain[0].NotBefore, clock.now())
	order, err = c.GetOrder(t.Context(), order.URI)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "end of the order later", order.Expires, clock.now().Add(day-20*time.Minute))
	if !order.NotBefore.IsZero() || !order.NotAfter.IsZero() {
		t.Errorf("the order has dates for which the client did not ask: %s, %s",
			order.NotBefore, order.NotAfter)
	}
	now := json.RawMessage(time.Now().Format(`"` + time.RFC3339 + `"`))
	fields := map[string]json.RawMessage{"validated": now}
	s.ca.edge.redateValidated(fields)
	var validated time.Time
	if err := json.Unmarshal(fields["validated"], &validated); err != nil {
		t.Fatal(err)
	}
	near(t, "validation", validated, clock.now())

	response, err := httpClient(t, s.ca).Get(s.ca.DirectoryURL())
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	date, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		t.Fatal(err)
	}
	near(t, "date of an answer", date, clock.now())

	// An answer that does not come from Pebble has the same clock.
	s.ca.Inject(RateLimitedUntil(KindNewNonce, 3*time.Hour))
	nonces := strings.Replace(s.ca.DirectoryURL(), "/dir", pathNonce, 1)
	response, err = httpClient(t, s.ca).Head(nonces)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	for header, want := range map[string]time.Time{
		"Date": clock.now(), "Retry-After": clock.now().Add(3 * time.Hour),
	} {
		at, err := http.ParseTime(response.Header.Get(header))
		if err != nil {
			t.Fatal(err)
		}
		near(t, header, at, want)
	}
}

// Let's Encrypt takes no order with dates.
func TestDatesOfTheClientAtLetsEncrypt(t *testing.T) {
	t.Parallel()
	c := newSite(t).registered()
	for name, option := range map[string]acme.OrderOption{
		"notBefore": acme.WithOrderNotBefore(time.Now()),
		"notAfter":  acme.WithOrderNotAfter(time.Now().Add(day)),
	} {
		_, err := c.AuthorizeOrder(t.Context(), acme.DomainIDs("www.example.test"), option)
		var refused *acme.Error
		if !errors.As(err, &refused) || refused.StatusCode != http.StatusBadRequest ||
			refused.ProblemType != acmeError+"malformed" {
			t.Errorf("%s: %v, expected a refusal as malformed", name, err)
		}
	}
}

// A CA may change the lifetime of its certificates while it runs, with a time of its own or
// without.
func TestValidityThatChanges(t *testing.T) {
	for name, clock := range map[string]*movable{"own time": {}, "time of the machine": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := time.Now
			s := newSite(t, func(o *Options) {
				if clock != nil {
					clock.advance(300 * day)
					now, o.Now = clock.now, clock.now
				}
			})
			c := s.registered()
			for _, lifetime := range []time.Duration{DefaultValidity, 45 * day, 160 * time.Hour} {
				s.ca.SetValidity(lifetime)
				chain, err := s.issue(t.Context(), c, "http-01", "www.example.test")
				if err != nil {
					t.Fatal(err)
				}
				near(t, "begin of the certificate", chain[0].NotBefore, now())
				near(t, "end of the certificate", chain[0].NotAfter, now().Add(lifetime))
			}
			order, _ := s.order(c)
			if !order.NotBefore.IsZero() || !order.NotAfter.IsZero() {
				t.Errorf("the order has dates for which the client did not ask: %s, %s",
					order.NotBefore, order.NotAfter)
			}
		})
	}
}

func TestDatesOfTheClient(t *testing.T) {
	t.Parallel()
	var clock movable
	clock.advance(300 * day)
	s := newSite(t, func(o *Options) { o.Now, o.Dialect = clock.now, RFC8555 })
	c := s.registered()
	wanted := clock.now().Add(5 * day)
	order, err := c.AuthorizeOrder(t.Context(), acme.DomainIDs("www.example.test"),
		acme.WithOrderNotBefore(wanted))
	if err != nil {
		t.Fatal(err)
	}
	chain, err := s.finish(t.Context(), c, order, "http-01", "www.example.test")
	if err != nil {
		t.Fatal(err)
	}
	near(t, "begin of the certificate", chain[0].NotBefore, wanted)
}

func TestOrdersExpire(t *testing.T) {
	t.Parallel()
	var clock movable
	s := newSite(t, func(o *Options) { o.Now = clock.now })
	c := s.registered()
	order, err := c.AuthorizeOrder(t.Context(), acme.DomainIDs("www.example.test"))
	if err != nil {
		t.Fatal(err)
	}
	clock.advance(2 * day)
	if _, err := s.finish(t.Context(), c, order, "http-01", "www.example.test"); err == nil {
		t.Error("an order of two days ago can be finished")
	}
	if _, err := s.issue(t.Context(), c, "http-01", "www.example.test"); err != nil {
		t.Error("a new order: ", err)
	}
}

// A nonce of ten minutes ago is refused, and the one in that answer is good.
func TestNonceLife(t *testing.T) {
	t.Parallel()
	var clock movable
	s := newSite(t, func(o *Options) { o.Now, o.NonceLife = clock.now, 10*time.Minute })
	c := s.registered()
	c.RetryBackoff = func(int, *http.Request, *http.Response) time.Duration { return time.Millisecond }
	for want, passed := range []time.Duration{9 * time.Minute, 11 * time.Minute} {
		clock.advance(passed)
		if _, err := s.issue(t.Context(), c, "http-01", "www.example.test"); err != nil {
			t.Fatal(err)
		}
		refused := s.ca.Journal().Count(func(e Entry) bool { return e.Problem == acmeError+"badNonce" })
		if refused != want {
			t.Errorf("after %s: %d requests were refused with badNonce, expected %d", passed, refused, want)
		}
	}
}

func TestFaultsAtTheTimeOfTheCA(t *testing.T) {
	t.Parallel()
	var clock movable
	clock.advance(300 * day)
	s := newSite(t, func(o *Options) { o.Now = clock.now })
	c := s.registered()
	s.ca.Inject(WrongName("other.example.test"))
	chain, err := s.issue(t.Context(), c, "http-01", "www.example.test")
	if err != nil {
		t.Fatal(err)
	}
	near(t, "begin of the wrong certificate", chain[0].NotBefore, clock.now())
	s.ca.Inject(RateLimitedUntil(KindDirectory, time.Hour))
	response, err := httpClient(t, s.ca).Get(s.ca.DirectoryURL())
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	until, err := http.ParseTime(response.Header.Get("Retry-After"))
	if err != nil {
		t.Fatal(err)
	}
	near(t, "Retry-After", until, clock.now().Add(time.Hour))
}

func TestUnderWay(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	awaitQuiet := func() {
		t.Helper()
		gomega.NewWithT(t).Eventually(s.ca.UnderWay).WithTimeout(patience).
			Should(gomega.BeEmpty(), "what is under way")
	}
	awaitQuiet()
	if _, err := s.issue(t.Context(), s.registered(), "http-01", "www.example.test"); err != nil {
		t.Fatal(err)
	}
	awaitQuiet()
	begun := s.ca.Begun()
	s.ca.Inject(Slow(KindDirectory, time.Hour))
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.ca.DirectoryURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := httpClient(t, s.ca).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if all := s.ca.UnderWay(); len(all) == 0 {
		t.Error("nothing is under way while half of an answer is missing")
	}
	if s.ca.Begun() == begun {
		t.Error("nothing has begun with a request")
	}
	cancel()
	response.Body.Close()
	awaitQuiet()
}

// TestNoncesAreForgotten lets a nonce become too old. The client gets a new one with the
// refusal, and its request succeeds with that (RFC 8555 §6.5).
func TestNoncesAreForgotten(t *testing.T) {
	t.Parallel()
	var clock movable
	s := newSite(t, func(o *Options) { o.Now, o.NonceLife = clock.now, time.Hour })
	c := s.registered()
	refused := func() int {
		return s.ca.Journal().Count(func(e Entry) bool { return e.Problem == acmeError+"badNonce" })
	}
	for i, passes := range []time.Duration{59 * time.Minute, 2 * time.Hour} {
		clock.advance(passes)
		if _, err := c.AuthorizeOrder(t.Context(), acme.DomainIDs("www.example.test")); err != nil {
			t.Fatal(err)
		}
		if n := refused(); n != i {
			t.Errorf("%s after the nonce: %d refusals, expected %d", passes, n, i)
		}
	}
}
