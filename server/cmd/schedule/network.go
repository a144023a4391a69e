package main

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"time"
)

// network takes the place of the network. It holds the way to each CA by the
// host of its URL, and does not change while it is used.
type network map[string]*connection

// RoundTrip implements [http.RoundTripper].
func (n network) RoundTrip(r *http.Request) (*http.Response, error) {
	if c := n[r.URL.Host]; c != nil {
		return c.RoundTrip(r)
	}
	return nil, errors.New("no such host: " + r.URL.Host)
}

// These limits end the simulation of a client that renews in a loop, or all the
// time. Two years of six-day certificates take about 2,500 requests, one
// issuance about 12, and an hour of repeated failures about 120.
const (
	mostRequests       = 5000
	mostRequestsAnHour = 300
)

// connection passes requests to one CA, counts them, and fails on demand.
type connection struct {
	ca http.Handler

	mu       sync.Mutex
	failing  bool
	closed   bool
	requests []time.Time // all of them
}

// RoundTrip implements [http.RoundTripper].
func (c *connection) RoundTrip(r *http.Request) (*http.Response, error) {
	failing, closed := c.pass()
	out := httptest.NewRecorder()
	switch {
	case closed:
		// The client gets no answer until the simulation is over.
		letPass(span)
		return nil, errors.New("asked too often")
	case failing:
		out.Header().Set("Content-Type", "application/problem+json")
		out.WriteHeader(http.StatusInternalServerError)
		out.WriteString(`{"type": "urn:ietf:params:acme:error:serverInternal", ` +
			`"detail": "out of order", "status": 500}`)
	default:
		in := r.Clone(r.Context())
		in.Host, in.RequestURI, in.TLS = r.URL.Host, r.URL.RequestURI(), &tls.ConnectionState{}
		if in.Body == nil {
			in.Body = http.NoBody
		}
		c.ca.ServeHTTP(out, in)
	}
	if r.Body != nil {
		r.Body.Close()
	}
	res := out.Result()
	res.Request = r
	return res, nil
}

// pass counts a request and says whether the connection fails or is closed.
func (c *connection) pass() (failing, closed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, n := time.Now(), len(c.requests)
	if n >= mostRequests ||
		n >= mostRequestsAnHour && now.Sub(c.requests[n-mostRequestsAnHour]) < time.Hour {
		c.closed = true
	}
	if !c.closed {
		c.requests = append(c.requests, now)
	}
	return c.failing, c.closed
}

func (c *connection) fail(failing bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failing = failing
}

// stopped reports whether the client sent more requests than a working one
// needs.
func (c *connection) stopped() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// since returns the times of the requests from a moment on.
func (c *connection) since(begin time.Time) []time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	first, _ := slices.BinarySearchFunc(c.requests, begin, time.Time.Compare)
	return slices.Clone(c.requests[first:])
}
