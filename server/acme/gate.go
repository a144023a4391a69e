package acme

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// gate keeps requests from a CA that does not want them yet. A CA may say when it takes
// the next request of a kind (RFC 8555 §6.6), and the ACME client forgets that with the
// attempt, after five minutes. And a CA that sees too many failed validations refuses all
// orders for a name, or pauses the account: the manager tries again a minute after a first
// certificate failed, as long as clients come, and Let's Encrypt pauses an account after
// 1152 failures in a row.
type gate struct {
	next http.RoundTripper

	mu       sync.Mutex
	closed   map[string]closing // by the URL of requests
	newOrder string             // the URL for new orders; "" until an order was placed
	failures int                // validations that failed in a row
	invalid  recent             // the authorizations that are counted
}

// closing says why requests to a URL wait, from when on and until when. The times have no
// monotonic clock reading: it stands still while a machine sleeps.
type closing struct {
	from, until time.Time
	why         string
}

// over reports whether requests need not wait any more. A clock that was set back says
// nothing about how long they have waited.
func (c closing) over(now time.Time) bool { return now.Before(c.from) || !now.Before(c.until) }

const (
	// A wait up to shortWait is left to the ACME client.
	shortWait = time.Minute
	// longestWait bounds what a CA can ask for. Let's Encrypt asks for a week at most.
	longestWait = 7 * 24 * time.Hour
	// mostClosed bounds the number of URLs that are remembered.
	mostClosed = 100
)

// afterFailures is how long no order is placed after so many validations failed in a row:
// about six on the first day are soon repeated, and then there are 24 a day.
var afterFailures = []time.Duration{
	0, 0, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour,
}

func newGate(next http.RoundTripper) *gate {
	return &gate{next: next, closed: map[string]closing{}}
}

// RoundTrip implements [http.RoundTripper].
func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodPost {
		return g.next.RoundTrip(r)
	}
	if c, wait := g.closing(r.URL.String()); wait {
		return nil, fmt.Errorf("not asked before %s: %s",
			c.until.UTC().Format(time.RFC3339), c.why)
	}
	res, err := g.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	limited := res.StatusCode == http.StatusTooManyRequests ||
		res.StatusCode == http.StatusServiceUnavailable
	if wait := retryAfter(res.Header, time.Now()); limited && wait > shortWait {
		return nil, g.refused(r.URL.String(), res, wait)
	}
	if res.StatusCode < http.StatusMultipleChoices {
		g.look(r.URL.String(), res)
	}
	return res, nil
}

func (g *gate) closing(url string) (closing, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c, found := g.closed[url]
	if found && c.over(time.Now()) {
		delete(g.closed, url)
		return c, false
	}
	return c, found
}

func (g *gate) close(url string, wait time.Duration, why string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.closed) >= mostClosed {
		clear(g.closed)
	}
	now := time.Now().Round(0)
	g.closed[url] = closing{now, now.Add(wait), why}
}

// refused closes a URL for as long as its answer says. It returns the answer as an error:
// the client would otherwise wait in vain until its attempt ends.
func (g *gate) refused(url string, res *http.Response, wait time.Duration) error {
	defer res.Body.Close()
	var p problem
	why := res.Status
	body, _ := io.ReadAll(io.LimitReader(res.Body, maxProblem))
	if json.Unmarshal(body, &p) == nil && p.Type+p.Detail != "" {
		why = fmt.Sprintf("%d %s", res.StatusCode, p.String())
	}
	g.close(url, wait, why)
	return fmt.Errorf("%s; the next request is sent after %s", why, wait.Round(time.Second))
}

// look counts the validations that fail, and learns where orders are placed.
func (g *gate) look(url string, res *http.Response) {
	switch kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); kind {
	case chainType:
		g.mu.Lock()
		g.failures = 0
		g.mu.Unlock()
		return
	case "application/json":
	default:
		return
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxObject+1))
	res.Body = rejoin(body, err, res.Body)
	var object struct {
		Status     string
		Finalize   string            // of an order
		Challenges []json.RawMessage // of an authorization
	}
	if err != nil || json.Unmarshal(body, &object) != nil {
		return
	}
	switch {
	case object.Finalize != "" && res.StatusCode == http.StatusCreated:
		g.mu.Lock()
		g.newOrder = url
		g.mu.Unlock()
	case object.Challenges != nil && object.Status == "invalid" && g.invalid.add(url):
		g.failed()
	}
}

// failed counts a validation that failed, and closes the URL for new orders for a time.
func (g *gate) failed() {
	g.mu.Lock()
	g.failures++
	wait := afterFailures[min(g.failures, len(afterFailures)-1)]
	url, failures := g.newOrder, g.failures
	g.mu.Unlock()
	if wait > 0 && url != "" {
		g.close(url, wait, fmt.Sprintf("%d validations in a row have failed", failures))
	}
}

// retryAfter returns how long an answer asks to wait, in either form (RFC 9110 §10.2.3),
// and at most longestWait; 0 if it does not say.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, longestWait)
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date // the CA's clock may differ from this one
	}
	return min(max(at.Sub(now), 0), longestWait)
}
