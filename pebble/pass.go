package pebble

import (
	"context"
	"encoding/json"
	"net/http"
	"runtime"
	"strings"

	"github.com/letsencrypt/pebble/v2/acme"
	"github.com/letsencrypt/pebble/v2/core"
)

// pass answers a request with what Pebble says, in the edge's manner: polls
// are held until what they ask for is decided, and no two handlers of one order
// run at once.
func (e *edge) pass(x *exchange) *answer {
	if e.manner == Stock {
		return e.ask(x)
	}
	ctx, cancel := context.WithTimeout(x.request.Context(), patience)
	defer cancel()
	defer context.AfterFunc(e.ctx, cancel)()
	switch {
	case x.kind == KindNewOrder:
		return e.newOrder(x)
	case x.kind == KindOrder:
		return e.pollOrder(ctx, x)
	case x.kind == KindFinalize:
		return e.finalize(ctx, x)
	case x.kind == KindChallenge && !x.get && x.authz != "":
		return e.tryChallenge(ctx, x)
	case x.authz != "": // an authorization, or a look at a challenge
		return e.pollAuthz(ctx, x)
	}
	return e.ask(x)
}

// newOrder sees to it that every order begins with a new authorization.
func (e *edge) newOrder(x *exchange) *answer {
	e.ordering.Lock()
	defer e.ordering.Unlock()
	putBack := e.setAside(x)
	defer putBack()
	return e.ask(x)
}

// setAside hides the account's valid authorizations from Pebble until put
// back. Even when told to reuse 0 % of them, Pebble reuses one in a hundred; an
// order without a validation would then appear by chance. It finds them by
// lower-case identifier.
func (e *edge) setAside(x *exchange) (putBack func()) {
	store := e.backend.office.Load().store
	var hidden []*core.Authorization
	for _, i := range x.payload.Identifiers {
		id := acme.Identifier{Type: i.Type, Value: strings.ToLower(i.Value)}
		for a := store.FindValidAuthorization(x.account, id); a != nil; a = store.FindValidAuthorization(x.account, id) {
			write(a, strings.ToUpper)
			if identifierIs(a, id.Value) {
				break // no letters, as an IPv4 address: cannot be hidden
			}
			hidden = append(hidden, a)
		}
	}
	return func() {
		for _, a := range hidden {
			write(a, strings.ToLower)
		}
	}
}

func write(a *core.Authorization, as func(string) string) {
	a.Lock()
	defer a.Unlock()
	a.Identifier.Value = as(a.Identifier.Value)
}

func identifierIs(a *core.Authorization, value string) bool {
	a.RLock()
	defer a.RUnlock()
	return a.Identifier.Value == value
}

// tryChallenge begins a validation.
func (e *edge) tryChallenge(ctx context.Context, x *exchange) *answer {
	// One at a time for each authorization, and none once it is decided: Pebble
	// never unlocks the challenges that it leaves out of a decided one, and
	// would hang.
	wait(ctx, e.gates.forAuthz(x.authz))
	if a := e.decided(x); a != nil {
		return a
	}
	unlock, ok := e.gates.lock(x.request.Context(), x.order)
	if !ok {
		return e.stuck(x)
	}
	defer unlock()
	e.gates.validate(x.authz, x.order)
	a := e.ask(x)
	if a.status != http.StatusOK {
		e.gates.validated(x.authz) // refused: nothing was begun
	}
	return a
}

// decided answers for a challenge of an authorization that is decided: with the
// challenge as it is.
func (e *edge) decided(x *exchange) *answer {
	c := e.backend.office.Load().store.GetChallengeByID(x.id)
	if c == nil {
		return nil
	}
	c.Authz.RLock()
	pending := c.Authz.Status == acme.StatusPending
	c.Authz.RUnlock()
	if pending {
		return nil
	}
	c.RLock()
	defer c.RUnlock()
	body, err := json.Marshal(c.Challenge)
	if err != nil {
		return nil
	}
	a := newAnswer(http.StatusOK, "application/json", string(body))
	a.header.Set("Replay-Nonce", e.freshNonce(x))
	a.header.Set("Link", "<"+c.Authz.URL+`>;rel="up"`)
	return a
}

// pollAuthz shows an authorization, or one of its challenges, at once if no
// validation is under way, else after the verdict.
func (e *edge) pollAuthz(ctx context.Context, x *exchange) *answer {
	wait(ctx, e.gates.forAuthz(x.authz))
	unlock, ok := e.gates.lock(x.request.Context(), x.order)
	if !ok {
		return e.stuck(x)
	}
	defer unlock()
	e.ordering.RLock() // identifiers must not be seen while set aside
	a := e.ask(x)
	e.ordering.RUnlock()
	if x.kind == KindAuthz {
		a.offer(e.offer)
	}
	return a
}

// pollOrder shows an order once nothing of it is under way.
func (e *edge) pollOrder(ctx context.Context, x *exchange) *answer {
	unlock, ok := e.quiet(ctx, x)
	if !ok {
		return e.stuck(x)
	}
	defer unlock()
	e.settle(ctx, x.order)
	return e.ask(x)
}

// quiet takes the order's lock at a moment when nothing of it is under way, or
// when patience ends.
func (e *edge) quiet(ctx context.Context, x *exchange) (unlock func(), ok bool) {
	for {
		wait(ctx, e.gates.forOrder(x.order))
		unlock, ok := e.gates.lock(x.request.Context(), x.order)
		if !ok || ctx.Err() != nil || e.gates.forOrder(x.order) == nil {
			return unlock, ok
		}
		unlock()
	}
}

// settle waits for the instant between Pebble's word that it signed a
// certificate and the order's showing it. Pebble offers no event for that; it
// takes microseconds.
func (e *edge) settle(ctx context.Context, id string) {
	if !e.gates.hasIssued(id) {
		return
	}
	order := e.backend.office.Load().store.GetOrderByID(id)
	for order != nil && ctx.Err() == nil {
		order.RLock()
		done := order.CertificateObject != nil
		order.RUnlock()
		if done {
			return
		}
		runtime.Gosched()
	}
}

// finalize lets Pebble sign, which it does in the background.
func (e *edge) finalize(ctx context.Context, x *exchange) *answer {
	unlock, ok := e.quiet(ctx, x)
	if !ok {
		return e.stuck(x)
	}
	defer unlock()
	e.gates.issue(x.order)
	a := e.ask(x)
	if a.status != http.StatusOK {
		e.gates.refused(x.order) // nothing was begun
		return a
	}
	if e.manner == LetsEncrypt {
		a.header.Set("Location", origin(x.request)+pathOrder+x.order)
	}
	return a
}

// origin is scheme and authority, as the client sees them.
func origin(r *http.Request) string {
	if r.TLS == nil {
		return "http://" + r.Host
	}
	return "https://" + r.Host
}

// stuck answers when an order's lock is not to be had in time.
func (e *edge) stuck(x *exchange) *answer {
	return e.problem(x, Problem{acmeError + "serverInternal", "the order is busy for too long", http.StatusInternalServerError})
}
