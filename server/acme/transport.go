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

	"assay/server/internal/logline"
)

const (
	maxProblem = 64 << 10         // bytes of a body that are read for the log
	patience   = time.Minute      // how long the CA may fail before a line is logged
	reminder   = 10 * time.Minute // between two such lines

	// A CA that fails for days gets this many lines at once, and one more for
	// each period.
	burst  = 30
	period = 5 * time.Minute
)

// transport logs what goes wrong at the CA. The manager renews in the background
// and does not report the errors of a renewal. Without these lines a certificate
// would expire with nothing in the log. Requests and answers pass unchanged: the
// log gets a copy of what the ACME client reads.
type transport struct {
	next      http.RoundTripper
	challenge string // the configured type, as ACME calls it
	log       *log.Logger
	trouble   outage
	invalid   recent
}

func newTransport(next http.RoundTripper, challenge string, logger *log.Logger) *transport {
	return &transport{
		next: next, challenge: challenge,
		log: logline.Limit(logline.Edit(logger, shorten), burst, period),
	}
}

// shorten bounds a line of the log: addresses and errors hold text of the CA's
// too.
func shorten(line string) string { return logline.Shorten(line, 2*maxText) }

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
	res.Body = &observedBody{
		ReadCloser: res.Body,
		done:       func(body []byte, broken error) { done(res, body, broken) },
	}
	return res, nil
}

// refused logs a final refusal at once. It logs a refusal after which the ACME
// client repeats the request (a stale nonce, a rate limit, a server error) only
// if the CA has failed for some time: a good issuance logs nothing.
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
	t.report(res, what)
}

// accepted logs a failure that has the status of a success. The CA says in the
// body of an order or an authorization that a validation failed, and a proxy may
// have answered in the place of the CA.
func (t *transport) accepted(res *http.Response, body []byte, broken error) {
	if res.Request.Method == http.MethodHead || res.StatusCode >= 300 {
		return // a CA that refuses everything else may still give nonces and redirects
	}
	if broken != nil {
		t.report(res, logline.Shorten(broken.Error(), maxText))
		return
	}
	t.trouble.succeeded()
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	whole := 0 < len(body) && len(body) < maxProblem
	if whole && kind != chainType && !json.Valid(body) {
		t.report(res, "an answer that makes no sense: "+logline.Shorten(kind, maxText))
		return
	}
	// The manager reads an authorization again in order to deactivate what is
	// pending.
	if why := invalidity(body, t.challenge); why != "" && t.invalid.add(res.Request.URL.String()) {
		t.report(res, why)
	}
}

func (t *transport) report(res *http.Response, what string) {
	t.log.Printf("acme: %s %s: %d %s", res.Request.Method, res.Request.URL, res.StatusCode, what)
}

// observedBody keeps the beginning of a body that the ACME client reads. When
// the body is closed, it passes on what it kept, together with the error that
// ended the reading early.
type observedBody struct {
	io.ReadCloser
	seen   bytes.Buffer
	broken error
	done   func(body []byte, broken error)
}

// Read implements [io.ReadCloser].
func (b *observedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if room := maxProblem - b.seen.Len(); room > 0 {
		b.seen.Write(p[:min(n, room)])
	}
	if err != nil && err != io.EOF {
		b.broken = err
	}
	return n, err
}

// Close implements [io.ReadCloser].
func (b *observedBody) Close() error {
	if b.done != nil {
		b.done(b.seen.Bytes(), b.broken)
		b.done = nil
	}
	return b.ReadCloser.Close()
}
