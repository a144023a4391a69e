package acme

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"mime"
	"net/http"
	"strings"
	"time"
)

const (
	maxProblem = 64 << 10         // bytes of a body that are looked at
	patience   = time.Minute      // how long the CA may fail before that is worth a line
	reminder   = 10 * time.Minute // between two such lines
)

// transport logs what goes wrong at the CA. The manager renews in the background and keeps the errors of a renewal to
// itself; without these lines a certificate would run out in silence. Requests and answers pass through untouched: the
// log gets a copy of what the ACME client reads.
type transport struct {
	next      http.RoundTripper
	challenge string // the type that is configured, as ACME calls it
	log       *log.Logger
	trouble   lasting
	invalid   told
}

func newTransport(next http.RoundTripper, challenge string, logger *log.Logger) *transport {
	return &transport{next: next, challenge: challenge, log: logger}
}

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.next.RoundTrip(r)
	if err != nil {
		t.log.Printf("acme: %s %s: %v", r.Method, r.URL, err)
		return res, err
	}
	done := t.accepted
	if res.StatusCode >= 400 {
		done = t.refused
	}
	res.Body = &copied{ReadCloser: res.Body, done: func(body []byte, broken error) { done(res, body, broken) }}
	return res, nil
}

// refused logs a refusal that is final at once, and one that the ACME client repeats by itself (a stale nonce, a rate
// limit, a server error) only when it has lasted: a good issuance logs nothing.
func (t *transport) refused(res *http.Response, body []byte, _ error) {
	var p problem
	what := http.StatusText(res.StatusCode)
	if json.Unmarshal(body, &p) == nil && p.Type+p.Detail != "" {
		what = p.String()
	}
	repeated := res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests ||
		strings.HasSuffix(p.Type, ":badNonce")
	if repeated && !t.trouble.failed(time.Now()) {
		return
	}
	t.tell(res, what)
}

// accepted logs what has failed though the answer's status is that of a success: the CA says in the body of an order or
// an authorization that a validation failed, and somebody else may have answered in its place.
func (t *transport) accepted(res *http.Response, body []byte, broken error) {
	if res.Request.Method == http.MethodHead || res.StatusCode >= 300 {
		return // a nonce, or a redirect, can be had of a CA that refuses everything else
	}
	if broken != nil {
		t.tell(res, oneLine(broken.Error()))
		return
	}
	t.trouble.succeeded()
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	whole := 0 < len(body) && len(body) < maxProblem
	if whole && kind != chainType && !json.Valid(body) {
		t.tell(res, "an answer that makes no sense: "+oneLine(kind))
		return
	}
	// The manager looks at an authorization again, to give up what is pending.
	if why := invalidity(body, t.challenge); why != "" && t.invalid.first(res.Request.URL.String()) {
		t.tell(res, why)
	}
}

func (t *transport) tell(res *http.Response, what string) {
	t.log.Printf("acme: %s %s: %d %s", res.Request.Method, res.Request.URL, res.StatusCode, what)
}

// copied keeps the beginning of a body that somebody else reads, and hands it over when the body is closed, with what
// kept it from being read to its end, if anything did.
type copied struct {
	io.ReadCloser
	seen   bytes.Buffer
	broken error
	done   func(body []byte, broken error)
}

func (c *copied) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if room := maxProblem - c.seen.Len(); room > 0 {
		c.seen.Write(p[:min(n, room)])
	}
	if err != nil && err != io.EOF {
		c.broken = err
	}
	return n, err
}

func (c *copied) Close() error {
	if c.done != nil {
		c.done(c.seen.Bytes(), c.broken)
		c.done = nil
	}
	return c.ReadCloser.Close()
}
