package pebble

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A Fault is one thing that goes wrong at the CA: an effect, and the requests
// that it befalls, counted from the moment of [CA.Inject]. The constructors aim
// at the first request of a kind; At and Persistently aim elsewhere.
type Fault struct {
	kind       Kind
	name       string
	nth        int
	persistent bool
	effect     effect
}

// An effect answers a request in Pebble's place, or spoils its answer.
type effect func(e *edge, x *exchange) *answer

// At aims the fault at the nth request of its kind, the first being 1.
func (f Fault) At(nth int) Fault {
	f.nth = max(nth, 1)
	return f
}

// Persistently makes the fault befall every later request of its kind too,
// until [CA.Mend].
func (f Fault) Persistently() Fault {
	f.persistent = true
	return f
}

// String tells what goes wrong, and where.
func (f Fault) String() string {
	if f.persistent {
		return fmt.Sprintf("%s at every %s from number %d on", f.name, f.kind, f.nth)
	}
	return fmt.Sprintf("%s at %s number %d", f.name, f.kind, f.nth)
}

// A Problem is a problem document (RFC 7807) as ACME uses it (RFC 8555 §6.7).
type Problem struct {
	Type   string `json:"type"` // such as "urn:ietf:params:acme:error:serverInternal"
	Detail string `json:"detail"`
	Status int    `json:"status"`
}

const acmeError = "urn:ietf:params:acme:error:"

// BadNonce refuses the request's nonce and supplies a fresh one (RFC 8555
// §6.5); a client is expected to try again with that.
func BadNonce(kind Kind) Fault {
	return Fault{kind: kind, nth: 1, name: "badNonce", effect: func(e *edge, x *exchange) *answer {
		return e.problem(x, Problem{acmeError + "badNonce", "the nonce is not known here", http.StatusBadRequest})
	}}
}

// Status answers with this HTTP status and a serverInternal problem.
func Status(kind Kind, code int) Fault {
	return Fail(kind, Problem{acmeError + "serverInternal", "the CA is not well today", code})
}

// Fail answers with this problem document, and its status as HTTP status.
func Fail(kind Kind, problem Problem) Fault {
	return Fault{kind: kind, nth: 1, name: strconv.Itoa(problem.Status), effect: func(e *edge, x *exchange) *answer {
		return e.problem(x, problem)
	}}
}

// Reply answers with this status, content type and body.
func Reply(kind Kind, code int, contentType, body string) Fault {
	return Fault{kind: kind, nth: 1, name: fmt.Sprintf("%d %s", code, contentType), effect: func(*edge, *exchange) *answer {
		return newAnswer(code, contentType, body)
	}}
}

// RateLimited answers 429 with a rateLimited problem (RFC 8555 §6.6) and a
// Retry-After header in seconds, rounded up.
func RateLimited(kind Kind, retryAfter time.Duration) Fault {
	seconds := strconv.Itoa(int((retryAfter + time.Second - 1) / time.Second))
	return rateLimited(kind, "429 with Retry-After in seconds", func() string { return seconds })
}

// RateLimitedUntil is [RateLimited] with Retry-After as an HTTP-date (RFC 9110
// §10.2.3), counted from the answer.
func RateLimitedUntil(kind Kind, retryAfter time.Duration) Fault {
	return rateLimited(kind, "429 with Retry-After as date", func() string {
		// An HTTP-date has no fractions: round up, or it may lie in the past.
		return time.Now().Add(retryAfter + time.Second - 1).UTC().Format(http.TimeFormat)
	})
}

func rateLimited(kind Kind, name string, retryAfter func() string) Fault {
	return Fault{kind: kind, nth: 1, name: name, effect: func(e *edge, x *exchange) *answer {
		a := e.problem(x, Problem{acmeError + "rateLimited", "too many requests of this kind", http.StatusTooManyRequests})
		a.header.Set("Retry-After", retryAfter())
		return a
	}}
}

// Drop resets the connection instead of answering. Pebble does not see the
// request.
func Drop(kind Kind) Fault {
	return Fault{kind: kind, nth: 1, name: "connection dropped", effect: func(*edge, *exchange) *answer {
		return &answer{dropped: true}
	}}
}

// Slow sends half of the answer's body at once, and the rest after the delay.
func Slow(kind Kind, delay time.Duration) Fault {
	return Fault{kind: kind, nth: 1, name: "slow body", effect: func(e *edge, x *exchange) *answer {
		a := e.pass(x)
		a.delay = delay
		return a
	}}
}

// HTML answers 200 with a web page, as a proxy or captive portal does.
func HTML(kind Kind) Fault {
	f := Reply(kind, http.StatusOK, "text/html; charset=utf-8", "<!DOCTYPE html><title>Welcome</title><p>Please log in.")
	f.name = "HTML"
	return f
}

// Garbage answers 200 with the expected content type, and bytes that mean
// nothing in it.
func Garbage(kind Kind) Fault {
	contentType := "application/json; charset=utf-8"
	if kind == KindCertificate {
		contentType = "application/pem-certificate-chain"
	}
	f := Reply(kind, http.StatusOK, contentType, "{\x00\xff\xfe not an answer")
	f.name = "garbage"
	return f
}

// InvalidOrder sets the order invalid (RFC 8555 §7.1.6), with an error that
// tells. At [KindOrder] the answer shows it already; at [KindNewOrder] and
// [KindFinalize] the request is accepted, and the next look at the order shows
// it. Nothing is issued.
func InvalidOrder(kind Kind) Fault {
	return Fault{kind: kind, nth: 1, name: "order invalid", effect: func(e *edge, x *exchange) *answer {
		if x.kind == KindFinalize {
			return e.finalizeInVain(x)
		}
		if x.kind == KindOrder {
			e.spoilOrder(x)
			return e.pass(x)
		}
		a := e.pass(x)
		e.spoilOrder(x)
		return a
	}}
}

// OfferOnly offers these challenge types alone, in this order, in the
// authorization's answer.
func OfferOnly(types ...string) Fault {
	name := "only " + strings.Join(types, ", ") + " offered"
	return Fault{kind: KindAuthz, nth: 1, name: name, effect: func(e *edge, x *exchange) *answer {
		a := e.pass(x)
		a.offer(types)
		return a
	}}
}

// CutChain delivers the certificate without its intermediates.
func CutChain() Fault {
	return certificateFault("chain cut", cutChain)
}

// SkipIssuer delivers the certificate without its own issuer, so that what
// follows it did not issue it. It needs two intermediates at least.
func SkipIssuer() Fault {
	return certificateFault("chain without the issuer", skipIssuer)
}

// ForeignIssuer delivers the certificate followed by a CA certificate that has
// nothing to do with it, in place of its issuers.
func ForeignIssuer() Fault {
	return certificateFault("chain with a foreign issuer", foreignIssuer)
}

// WrongName delivers, from the same issuer and for the same key, a certificate
// for this name instead.
func WrongName(name string) Fault {
	return certificateFault("certificate for another name", func(e *edge, a *answer) error { return e.wrongName(a, name) })
}

// WrongKey delivers, from the same issuer and for the same names, a
// certificate whose key is not the client's.
func WrongKey() Fault {
	return certificateFault("certificate for another key", (*edge).wrongKey)
}

func certificateFault(name string, spoil func(*edge, *answer) error) Fault {
	return Fault{kind: KindCertificate, nth: 1, name: name, effect: func(e *edge, x *exchange) *answer {
		a := e.pass(x)
		if a.status != http.StatusOK {
			return a // Pebble refused: there is nothing to spoil
		}
		if err := spoil(e, a); err != nil {
			return e.problem(x, Problem{acmeError + "serverInternal", "the fault failed: " + err.Error(), http.StatusInternalServerError})
		}
		return a
	}}
}

// problem makes a problem document's answer. Like every answer of a CA to a
// POST it carries a fresh nonce (RFC 8555 §6.5).
func (e *edge) problem(x *exchange, p Problem) *answer {
	body, err := json.Marshal(p)
	if err != nil {
		body = []byte("{}")
	}
	a := newAnswer(p.Status, "application/problem+json", string(body))
	if nonce := e.freshNonce(x); nonce != "" {
		a.header.Set("Replay-Nonce", nonce)
	}
	return a
}
