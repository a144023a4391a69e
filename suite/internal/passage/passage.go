// Package passage lets time pass for a target and what is around it, as fast as they
// follow. Time moves only while nothing is under way: a jump in the middle of an
// exchange would let its deadlines pass.
package passage

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"assay/suite/internal/clock"
)

// A Service is something around the target that works for it, such as a CA.
type Service interface {
	// UnderWay describes what the service is doing, or has got and not looked at.
	UnderWay() []string
	// Begun counts what the service has begun to do. It is larger than before if the
	// service has done anything since.
	Begun() uint64
}

// A Passage is the time of a target and of what is around it. Its methods may be called
// by one goroutine at a time.
type Passage struct {
	Clock    *clock.Clock
	Services []Service
	// Patience is how long the target may take, in real time, to do what has become
	// due. Zero means a minute.
	Patience time.Duration
	// Held reports whether the services wait for a test. What is under way at them does
	// not keep time from passing then. Nil stands for services that never wait.
	Held func() bool

	begun uint64        // what the services had begun at the last look
	pace  time.Duration // of the next move; 0 if nothing was begun lately
	moves moves
}

// shortest is the length of the first move after something was begun. The moves after
// it become longer, so that a wait of the target's for a second, a minute or an hour is
// over at about its time.
const shortest = time.Second

// Restless is the error of a target that keeps its services busy without a pause, however
// long it is given.
type Restless struct{ Events uint64 }

func (r Restless) Error() string {
	return fmt.Sprintf("%d events at the services without a pause", r.Events)
}

// restless is how many events without a pause no target has reason for. An issuance has
// about twenty.
const restless = 400

// Settle waits until the target and all services have done what is due.
func (p *Passage) Settle(ctx context.Context) error {
	patience := p.Patience
	if patience == 0 {
		patience = time.Minute
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience,
		fmt.Errorf("no rest within %s of real time: %w", patience, context.DeadlineExceeded))
	defer cancel()
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	before := p.begunByNow()
	return p.Clock.AwaitIdle(ctx, func() string {
		if n := p.begunByNow() - before; n > restless {
			giveUp(Restless{n})
		}
		return p.underWay()
	})
}

// underWay describes what the services are doing; "" if they are idle.
func (p *Passage) underWay() string {
	if p.Held != nil && p.Held() {
		return ""
	}
	if what := p.services(); what != "" {
		return what
	}
	// A goroutine of this process may have taken a request from its socket and not
	// told anybody yet.
	time.Sleep(lookAgain)
	if busy() {
		return "work of this process"
	}
	return p.services()
}

// lookAgain is the time between two looks at the services.
const lookAgain = 200 * time.Microsecond

func (p *Passage) services() string {
	var all []string
	for _, s := range p.Services {
		all = append(all, s.UnderWay()...)
	}
	return strings.Join(all, ", ")
}

func (p *Passage) begunByNow() (n uint64) {
	for _, s := range p.Services {
		n += s.Begun()
	}
	return n
}

// Advance lets time pass, in whole seconds. It returns when everything is done that has
// become due. Where something happens at a service, time passes in small moves.
func (p *Passage) Advance(ctx context.Context, d time.Duration) error {
	_, err := p.AdvanceUntil(ctx, d, d, nil)
	return err
}

// AdvanceUntil lets time pass until a condition holds, at most so much, in moves that
// are not longer than step. The condition is asked before the first move and after each.
// It reports whether the condition holds.
func (p *Passage) AdvanceUntil(
	ctx context.Context, limit, step time.Duration, condition func() bool,
) (bool, error) {
	for {
		if err := p.Settle(ctx); err != nil {
			return false, err
		}
		switch begun := p.begunByNow(); {
		case begun != p.begun:
			p.begun, p.pace = begun, shortest
		case p.pace != 0:
			p.pace *= 2
		}
		if condition != nil && condition() {
			return true, nil
		}
		if limit <= 0 {
			return false, nil
		}
		move := min(limit, step)
		if p.pace != 0 && p.pace < move {
			move = p.pace
		} else {
			p.pace = 0
		}
		began := time.Now()
		if err := p.Clock.Advance(ctx, move); err != nil {
			return false, err
		}
		p.moves.add(began, p.Clock.Moved())
		limit -= move
	}
}

// Leap lets time pass in one move, in whole seconds: what has become due by then happens
// at once. It saves time where nothing is to be seen meanwhile.
func (p *Passage) Leap(ctx context.Context, d time.Duration) error {
	if err := p.Settle(ctx); err != nil {
		return err
	}
	began := time.Now()
	if err := p.Clock.Advance(ctx, d); err != nil {
		return err
	}
	p.moves.add(began, p.Clock.Moved())
	return p.Settle(ctx)
}

// Sleep lets time pass as if the machine of the target had slept, see [clock.Clock].
func (p *Passage) Sleep(ctx context.Context, d time.Duration) error {
	if err := p.Settle(ctx); err != nil {
		return err
	}
	began := time.Now()
	if err := p.Clock.Sleep(ctx, d); err != nil {
		return err
	}
	p.moves.add(began, p.Clock.Moved())
	p.pace = shortest
	return p.Settle(ctx)
}

// At returns the target's time at a moment of the real one.
func (p *Passage) At(real time.Time) time.Time {
	return real.Round(0).Add(p.moves.at(real))
}

// moves holds how much the clock was moved, and when.
type moves struct {
	mu  sync.Mutex
	all []move
}

type move struct {
	real  time.Time     // with a reading of the monotonic clock
	moved time.Duration // in all
}

func (m *moves) add(real time.Time, moved time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = append(m.all, move{real, moved})
}

// at returns how much the clock had been moved at a moment.
func (m *moves) at(real time.Time) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := len(m.all) - 1; i >= 0; i-- {
		if !real.Before(m.all[i].real) {
			return m.all[i].moved
		}
	}
	return 0
}
