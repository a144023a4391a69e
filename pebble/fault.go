package pebble

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/letsencrypt/pebble/v2/acme"
)

// A Fault is something that goes wrong at the CA at certain requests. The functions
// that make faults aim them at the first request of a kind, counted from
// [CA.Inject]. [Fault.At] and [Fault.Persistently] aim them at other requests.
type Fault struct {
	kind       Kind
	name       string
	nth        int
	persistent bool
	effect     effect
}

// effect answers a request instead of Pebble, or changes Pebble's answer.
type effect func(e *edge, x *exchange) *answer

// Kind returns the kind of request that meets the fault.
func (f Fault) Kind() Kind { return f.kind }

func newFault(kind Kind, name string, effect effect) Fault {
	return Fault{kind: kind, nth: 1, name: name, effect: effect}
}

// At returns the fault aimed at the nth request of its kind. The first is 1.
func (f Fault) At(nth int) Fault {
	f.nth = max(nth, 1)
	return f
}

// Persistently returns the fault aimed at all later requests of its kind too, until
// [CA.Restore].
func (f Fault) Persistently() Fault {
	f.persistent = true
	return f
}

// String says what goes wrong and at which requests.
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
	// Subproblems say what is wrong with which of several names (RFC 8555 §6.7.1).
	Subproblems []Subproblem `json:"subproblems,omitempty"`
}

// A Subproblem is a problem with one name of an order.
type Subproblem struct {
	Type       string     `json:"type"`
	Detail     string     `json:"detail"`
	Identifier Identifier `json:"identifier"`
}

// An Identifier holds a name, or an IP address, that a certificate is for.
type Identifier = acme.Identifier

const acmeError = "urn:ietf:params:acme:error:"

// BadNonce rejects the request's nonce and returns a new one, with which clients are
// expected to try again (RFC 8555 §6.5).
func BadNonce(kind Kind) Fault {
	problem := Problem{
		Type:   acmeError + "badNonce",
		Detail: "the nonce is not known here",
		Status: http.StatusBadRequest,
	}
	return newFault(kind, "badNonce", func(e *edge, x *exchange) *answer {
		return e.problem(x, problem)
	})
}

// Status answers with this HTTP status and a serverInternal problem.
func Status(kind Kind, code int) Fault {
	return Fail(kind, Problem{
		Type:   acmeError + "serverInternal",
		Detail: "the CA is not well today",
		Status: code,
	})
}

// Fail answers with this problem document. Its status becomes the HTTP status.
func Fail(kind Kind, problem Problem) Fault {
	return newFault(kind, strconv.Itoa(problem.Status), func(e *edge, x *exchange) *answer {
		return e.problem(x, problem)
	})
}

// Reply answers with this HTTP status, content type and body.
func Reply(kind Kind, code int, contentType, body string) Fault {
	name := fmt.Sprintf("%d %s", code, contentType)
	return newFault(kind, name, func(*edge, *exchange) *answer {
		return newAnswer(code, contentType, body)
	})
}

// RateLimited answers 429 with a rateLimited problem (RFC 8555 §6.6) and a
// Retry-After header in seconds, rounded up.
func RateLimited(kind Kind, retryAfter time.Duration) Fault {
	return later(kind, "429 with Retry-After in seconds", limitReached, func(time.Time) string {
		return asSeconds(retryAfter)
	})
}

// Unavailable answers 503 (RFC 9110 §15.6.4) with a serverInternal problem and a
// Retry-After header in seconds, rounded up.
func Unavailable(kind Kind, retryAfter time.Duration) Fault {
	problem := Problem{
		Type:   acmeError + "serverInternal",
		Detail: "the CA is being maintained",
		Status: http.StatusServiceUnavailable,
	}
	return later(kind, "503 with Retry-After in seconds", problem, func(time.Time) string {
		return asSeconds(retryAfter)
	})
}

// RateLimitedUntil returns the fault of [RateLimited] with Retry-After as an
// HTTP-date (RFC 9110 §10.2.3), counted from the answer.
func RateLimitedUntil(kind Kind, retryAfter time.Duration) Fault {
	return later(kind, "429 with Retry-After as date", limitReached, func(now time.Time) string {
		return asDate(now.Add(retryAfter))
	})
}

// asSeconds writes a Retry-After in seconds, rounded up.
func asSeconds(d time.Duration) string {
	return strconv.Itoa(int((d + time.Second - 1) / time.Second))
}

// asDate writes a Retry-After as an HTTP-date. It has no fractions of a second, so it is
// rounded up.
func asDate(t time.Time) string {
	return t.Add(time.Second - 1).UTC().Format(http.TimeFormat)
}

// limitReached is the problem of a rate limit.
var limitReached = Problem{
	Type:   acmeError + "rateLimited",
	Detail: "too many requests of this kind",
	Status: http.StatusTooManyRequests,
}

// later answers with a problem and a Retry-After.
func later(kind Kind, name string, problem Problem, retryAfter func(now time.Time) string) Fault {
	return newFault(kind, name, func(e *edge, x *exchange) *answer {
		a := e.problem(x, problem)
		a.header.Set("Retry-After", retryAfter(e.dates.now()))
		return a
	})
}

// Drop resets the connection instead of answering. Pebble does not see the request.
func Drop(kind Kind) Fault {
	return newFault(kind, "connection dropped", func(*edge, *exchange) *answer {
		return &answer{dropped: true}
	})
}

// Slow sends half of the answer's body at once, and the rest after the delay.
func Slow(kind Kind, delay time.Duration) Fault {
	return newFault(kind, "slow body", func(e *edge, x *exchange) *answer {
		a := e.respond(x)
		a.delay = delay
		return a
	})
}

// Silence never answers. The request counts as nothing that is under way (see
// [CA.UnderWay]), so that the time may pass after which a client gives up.
func Silence(kind Kind) Fault {
	return newFault(kind, "no answer", func(*edge, *exchange) *answer {
		return &answer{silent: true}
	})
}

// AlreadyReplaced refuses each order that says which certificate it replaces, because
// another one has replaced it (RFC 9773 §5).
func AlreadyReplaced() Fault {
	problem := Problem{
		Type:   acmeError + "alreadyReplaced",
		Detail: "the certificate was replaced by another order",
		Status: http.StatusConflict,
	}
	return newFault(KindNewOrder, "alreadyReplaced", func(e *edge, x *exchange) *answer {
		if x.payload.Replaces == "" {
			return e.respond(x)
		}
		return e.problem(x, problem)
	})
}

// HTML answers 200 with a web page, as a proxy or captive portal does.
func HTML(kind Kind) Fault {
	f := Reply(kind, http.StatusOK, "text/html; charset=utf-8",
		"<!DOCTYPE html><title>Welcome</title><p>Please log in.")
	f.name = "HTML"
	return f
}

// Redirect answers 307 with the address that was asked for, so that a client that follows
// it asks again and again.
func Redirect(kind Kind) Fault {
	return newFault(kind, "redirect in a circle", func(_ *edge, x *exchange) *answer {
		a := newAnswer(http.StatusTemporaryRedirect, "text/plain; charset=utf-8", "")
		a.header.Set("Location", x.request.URL.Path)
		return a
	})
}

// Garbage answers 200 with the expected content type and a body that is invalid in
// it.
func Garbage(kind Kind) Fault {
	contentType := "application/json; charset=utf-8"
	if kind == KindCertificate {
		contentType = "application/pem-certificate-chain"
	}
	f := Reply(kind, http.StatusOK, contentType, "{\x00\xff\xfe not an answer")
	f.name = "garbage"
	return f
}

// InvalidOrder makes the order invalid (RFC 8555 §7.1.6), with an error that says
// so, and nothing is issued. At [KindOrder] the answer itself shows the invalid
// order. At [KindNewOrder] and [KindFinalize] the CA accepts the request, and the
// next poll shows the invalid order.
func InvalidOrder(kind Kind) Fault {
	return newFault(kind, "order invalid", func(e *edge, x *exchange) *answer {
		switch x.kind {
		case KindFinalize:
			return e.finalizeWithoutIssuing(x)
		case KindOrder:
			e.invalidateOrder(x)
			return e.respond(x)
		}
		a := e.respond(x)
		e.invalidateOrder(x)
		return a
	})
}

// OfferOnly makes an authorization's answer list only challenges of these types, in
// this order, whatever [Options.Offer] says.
func OfferOnly(types ...string) Fault {
	name := "only " + strings.Join(types, ", ") + " offered"
	return newFault(KindAuthz, name, func(e *edge, x *exchange) *answer {
		x.offer = types
		return e.respond(x)
	})
}

// CutChain delivers the certificate without its intermediates.
func CutChain() Fault {
	return certificateFault("chain cut", cutChain)
}

// SkipIssuer delivers the certificate without the intermediate that issued it, so
// that the next certificate in the chain is not its issuer. The CA must have at
// least two intermediates.
func SkipIssuer() Fault {
	return certificateFault("chain without the issuer", skipIssuer)
}

// ForeignIssuer delivers the certificate followed by an unrelated CA certificate
// instead of its issuers.
func ForeignIssuer() Fault {
	return certificateFault("chain with a foreign issuer", foreignIssuer)
}

// WrongName delivers a certificate for this name instead, from the same issuer and
// for the same key.
func WrongName(name string) Fault {
	return certificateFault("certificate for another name", func(e *edge, a *answer) error {
		return e.wrongName(a, name)
	})
}

// WrongKey delivers a certificate for another key instead, from the same issuer and
// for the same names.
func WrongKey() Fault {
	return certificateFault("certificate for another key", (*edge).wrongKey)
}

// certificateFault returns a fault that changes the delivered chain.
func certificateFault(name string, change func(*edge, *answer) error) Fault {
	return newFault(KindCertificate, name, func(e *edge, x *exchange) *answer {
		a := e.respond(x)
		if a.status != http.StatusOK {
			return a // Pebble refused the request: there is no chain to change
		}
		if err := change(e, a); err != nil {
			return e.problem(x, Problem{
				Type:   acmeError + "serverInternal",
				Detail: "the fault failed: " + err.Error(),
				Status: http.StatusInternalServerError,
			})
		}
		return a
	})
}

// problem returns an answer with a problem document. It carries a new nonce, as all
// answers to POST requests do (RFC 8555 §6.5).
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
