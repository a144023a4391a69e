package pebble

import (
	"context"
	"sync"
)

// progress records what Pebble does in the background for each order, so that
// the edge can answer a poll when it is done.
type progress struct {
	mu         sync.Mutex
	validating map[string]work          // by authorization
	issuing    map[string]work          // by order
	signed     map[string]bool          // orders for which a certificate was signed
	locks      map[string]chan struct{} // by order, see lockOrder
}

// work is a validation or an issuance that Pebble has begun.
type work struct {
	order string
	done  chan struct{} // closed when it has ended
}

func newProgress() *progress {
	return &progress{
		validating: make(map[string]work),
		issuing:    make(map[string]work),
		signed:     make(map[string]bool),
		locks:      make(map[string]chan struct{}),
	}
}

func (p *progress) beginValidation(authz, order string) { p.begin(p.validating, authz, order) }
func (p *progress) endValidation(authz string)          { p.end(p.validating, authz) }
func (p *progress) beginIssuance(order string)          { p.begin(p.issuing, order, order) }
func (p *progress) endIssuance(order string)            { p.end(p.issuing, order) }

// certificateSigned ends the issuance of an order, with a certificate.
func (p *progress) certificateSigned(order string) {
	p.mu.Lock()
	p.signed[order] = true
	p.mu.Unlock()
	p.endIssuance(order)
}

// isSigned reports whether a certificate was signed for the order.
func (p *progress) isSigned(order string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.signed[order]
}

func (p *progress) begin(works map[string]work, id, order string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, begun := works[id]; !begun {
		works[id] = work{order, make(chan struct{})}
	}
}

func (p *progress) end(works map[string]work, id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w, begun := works[id]; begun {
		close(w.done)
		delete(works, id)
	}
}

// endAllIssuances ends every issuance. It is called when one has failed, because
// Pebble does not say which.
func (p *progress) endAllIssuances() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, w := range p.issuing {
		close(w.done)
		delete(p.issuing, id)
	}
}

// ofAuthz returns a channel that is closed when the validation of the
// authorization has ended, or nil if there is none.
func (p *progress) ofAuthz(authz string) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.validating[authz].done
}

// ofOrder returns a channel that is closed when one piece of work for the order
// has ended, or nil if there is none.
func (p *progress) ofOrder(order string) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w, begun := p.issuing[order]; begun {
		return w.done
	}
	for _, w := range p.validating {
		if w.order == order {
			return w.done
		}
	}
	return nil
}

// underWay describes the work that Pebble has begun and not ended.
func (p *progress) underWay() (all []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for range p.validating {
		all = append(all, "a validation")
	}
	for range p.issuing {
		all = append(all, "an issuance")
	}
	return all
}

// wait returns when done is closed or the context ends. It returns at once if
// done is nil.
func wait(ctx context.Context, done <-chan struct{}) {
	if done == nil {
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// lockOrder takes the edge's lock of an order. Two of Pebble's handlers must not
// run for one order at the same time: a handler takes Pebble's lock of the order
// twice for reading, and if another handler tries to take it for writing in
// between, both hang for ever. If that happens nevertheless, lockOrder gives up
// after a while and ok is false. Locks are never removed, because a CA lives no
// longer than a test.
func (p *progress) lockOrder(ctx context.Context, order string) (unlock func(), ok bool) {
	p.mu.Lock()
	lock := p.locks[order]
	if lock == nil {
		lock = make(chan struct{}, 1)
		p.locks[order] = lock
	}
	p.mu.Unlock()
	unlock = func() { <-lock }
	select {
	case lock <- struct{}{}:
		return unlock, true
	default:
	}
	// Twice the patience, because the holder of the lock may hold a poll.
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	select {
	case lock <- struct{}{}:
		return unlock, true
	case <-ctx.Done():
		return nil, false
	}
}
