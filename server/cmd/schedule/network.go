package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// network takes the place of the network. It holds the way to each CA by the
// host of its URL, and does not change while it is used.
type network map[string]*road

// RoundTrip implements [http.RoundTripper].
func (n network) RoundTrip(r *http.Request) (*http.Response, error) {
	if road := n[r.URL.Host]; road != nil {
		return road.RoundTrip(r)
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

// road passes requests to one CA, counts them, and fails on demand.
type road struct {
	ca http.Handler

	mu       sync.Mutex
	failing  bool
	closed   bool
	requests []time.Time // all of them
}

// RoundTrip implements [http.RoundTripper].
func (d *road) RoundTrip(r *http.Request) (*http.Response, error) {
	failing, closed := d.pass()
	switch {
	case closed:
		// The client gets no answer any more, because nothing else stops it,
		// and the other simulations still run.
		time.Sleep(span)
		return nil, errors.New("asked too often")
	case failing:
		drain(r)
		return answer(r, http.StatusInternalServerError,
			`{"type": "urn:ietf:params:acme:error:serverInternal", `+
				`"detail": "out of order", "status": 500}`), nil
	}
	in := r.Clone(r.Context())
	in.Host, in.RequestURI, in.TLS = r.URL.Host, r.URL.RequestURI(), &tls.ConnectionState{}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	out := httptest.NewRecorder()
	d.ca.ServeHTTP(out, in)
	drain(r)
	res := out.Result()
	res.Request = r
	return res, nil
}

// pass counts a request and says whether the road fails or is closed.
func (d *road) pass() (failing, closed bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now, n := time.Now(), len(d.requests)
	if n >= mostRequests ||
		n >= mostRequestsAnHour && now.Sub(d.requests[n-mostRequestsAnHour]) < time.Hour {
		d.closed = true
	}
	if !d.closed {
		d.requests = append(d.requests, now)
	}
	return d.failing, d.closed
}

func (d *road) fail(failing bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failing = failing
}

// stopped reports whether the client sent more requests than a working one
// needs.
func (d *road) stopped() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.closed
}

// since returns the times of the requests from a moment on.
func (d *road) since(begin time.Time) []time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, at := range d.requests {
		if !at.Before(begin) {
			return append([]time.Time(nil), d.requests[i:]...)
		}
	}
	return nil
}

func drain(r *http.Request) {
	if r.Body != nil {
		r.Body.Close()
	}
}

func answer(r *http.Request, status int, problem string) *http.Response {
	return &http.Response{
		Status: http.StatusText(status), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:  http.Header{"Content-Type": {"application/problem+json"}},
		Body:    io.NopCloser(bytes.NewBufferString(problem)),
		Request: r,
	}
}
