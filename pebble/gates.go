package pebble

import (
	"context"
	"sync"
)

// gates hold polls: a gate stands in the way of an order from the moment that
// Pebble begins something in the background until it is done.
type gates struct {
	mu         sync.Mutex
	validating map[string]gate          // by authorization
	issuing    map[string]gate          // by order
	signed     map[string]bool          // orders whose certificate was signed
	locks      map[string]chan struct{} // by order, see lock
}

type gate struct {
	order string
	open  chan struct{} // closed when the way is free
}

func newGates() *gates {
	return &gates{
		validating: make(map[string]gate),
		issuing:    make(map[string]gate),
		signed:     make(map[string]bool),
		locks:      make(map[string]chan struct{}),
	}
}

func (g *gates) validate(authz, order string) { g.shut(g.validating, authz, order) }
func (g *gates) validated(authz string)       { g.open(g.validating, authz) }
func (g *gates) issue(order string)           { g.shut(g.issuing, order, order) }
func (g *gates) refused(order string)         { g.open(g.issuing, order) }

// issued opens an order's gate because its certificate was signed.
func (g *gates) issued(order string) {
	g.mu.Lock()
	g.signed[order] = true
	g.mu.Unlock()
	g.open(g.issuing, order)
}

// hasIssued tells whether an order's certificate was signed.
func (g *gates) hasIssued(order string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.signed[order]
}

func (g *gates) shut(which map[string]gate, id, order string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, shut := which[id]; !shut {
		which[id] = gate{order, make(chan struct{})}
	}
}

func (g *gates) open(which map[string]gate, id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if one, shut := which[id]; shut {
		close(one.open)
		delete(which, id)
	}
}

// issuedAll opens every gate of issuance: one failed, and Pebble does not tell
// which.
func (g *gates) issuedAll() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for id, one := range g.issuing {
		close(one.open)
		delete(g.issuing, id)
	}
}

// forAuthz is what to wait for before an authorization can be shown; nil if
// nothing.
func (g *gates) forAuthz(authz string) <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.validating[authz].open
}

// forOrder is one thing to wait for before an order can be shown; nil if
// nothing is under way.
func (g *gates) forOrder(order string) <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if one, shut := g.issuing[order]; shut {
		return one.open
	}
	for _, one := range g.validating {
		if one.order == order {
			return one.open
		}
	}
	return nil
}

// wait returns when the gate is open or the context ends. A nil gate is open.
func wait(ctx context.Context, open <-chan struct{}) {
	if open == nil {
		return
	}
	select {
	case <-open:
	case <-ctx.Done():
	}
}

// lock takes the order's lock. Pebble's handlers of one order must not run at
// once: they take its lock twice for reading, and a writer in between, which
// another handler is, hangs both for ever. Should that happen all the same, who
// comes next is told after a while (ok is false). Locks are few: a CA lives as
// long as one test.
func (g *gates) lock(ctx context.Context, order string) (unlock func(), ok bool) {
	g.mu.Lock()
	l := g.locks[order]
	if l == nil {
		l = make(chan struct{}, 1)
		g.locks[order] = l
	}
	g.mu.Unlock()
	unlock = func() { <-l }
	select {
	case l <- struct{}{}:
		return unlock, true
	default: // taken: wait, for who has it may be holding a poll
	}
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	select {
	case l <- struct{}{}:
		return unlock, true
	case <-ctx.Done():
		return nil, false
	}
}
