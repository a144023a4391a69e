package acme

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"strings"
	"time"
	"unicode"
)

const (
	maxProblem = 64 << 10         // bytes of a body that are looked at
	patience   = time.Minute      // how long the CA may fail before that is worth a line
	reminder   = 10 * time.Minute // between two such lines
)

// transport logs what the CA refuses. The manager renews in the background and keeps the errors of a renewal to
// itself; without these lines a certificate would run out in silence. Requests and answers pass through untouched:
// the log gets a copy of what the ACME client reads.
type transport struct {
	next http.RoundTripper
	log  *log.Logger
	lasting
}

func newTransport(next http.RoundTripper, logger *log.Logger) *transport {
	return &transport{next: next, log: logger}
}

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.next.RoundTrip(r)
	switch {
	case err != nil:
		t.log.Printf("acme: %s %s: %v", r.Method, r.URL, err)
	case res.StatusCode >= 400:
		res.Body = &copied{ReadCloser: res.Body, done: func(body []byte) { t.refused(res, body) }}
	default:
		t.succeeded()
	}
	return res, err
}

// refused logs a refusal that is final at once, and one that the ACME client repeats by itself (a stale nonce, a rate
// limit, a server error) only when it has lasted: a good issuance logs nothing.
func (t *transport) refused(res *http.Response, body []byte) {
	var problem struct{ Type, Detail string } // RFC 7807 §3.1
	what := http.StatusText(res.StatusCode)
	if json.Unmarshal(body, &problem) == nil && problem.Type+problem.Detail != "" {
		what = problem.Type + ": " + problem.Detail
	}
	repeated := res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests ||
		strings.HasSuffix(problem.Type, ":badNonce")
	if repeated && !t.failed(time.Now()) {
		return
	}
	t.log.Printf("acme: %s %s: %d %s", res.Request.Method, res.Request.URL, res.StatusCode, oneLine(what))
}

// copied keeps the beginning of a body that somebody else reads, and hands it over when the body is closed.
type copied struct {
	io.ReadCloser
	seen bytes.Buffer
	done func([]byte)
}

func (c *copied) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if room := maxProblem - c.seen.Len(); room > 0 {
		c.seen.Write(p[:min(n, room)])
	}
	return n, err
}

func (c *copied) Close() error {
	if c.done != nil {
		c.done(c.seen.Bytes())
		c.done = nil
	}
	return c.ReadCloser.Close()
}

// oneLine keeps a text from afar from forging lines of the log.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}
