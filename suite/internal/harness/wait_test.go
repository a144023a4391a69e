package harness

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestWaitInVain checks that a wait ends early only if it is known to be in vain and the
// least time is over, and that its limit then counts as passed.
func TestWaitInVain(t *testing.T) {
	t.Parallel()
	always, never := func() bool { return true }, func() bool { return false }
	for _, tt := range []struct {
		name         string
		limit, least time.Duration
		vain         func() bool
		ended        error // nil if the wait goes on
	}{
		{"nothing is known of it", time.Hour, 0, nil, nil},
		{"not in vain", time.Hour, 0, never, nil},
		{"in vain, at first", time.Hour, time.Hour, always, nil},
		{"in vain", time.Hour, 10 * time.Millisecond, always, errInVain},
		{"in vain, and the limit is over", 10 * time.Millisecond, time.Hour, always,
			context.DeadlineExceeded},
	} {
		e := &Env{ctx: t.Context()}
		ctx, cancel := e.wait(&wait{
			began: time.Now(), limit: tt.limit, least: tt.least, vain: tt.vain, forCA: true,
		})
		if !e.waits.forCA() {
			t.Errorf("%s: no wait for the CA is open, expected one", tt.name)
		}
		patience := 100 * time.Millisecond // in which nothing may happen
		if tt.ended != nil {
			patience = 10 * time.Second
		}
		select {
		case <-ctx.Done():
		case <-time.After(patience):
		}
		if cause := context.Cause(ctx); !errors.Is(cause, tt.ended) {
			t.Errorf("%s: the wait ended by %v, expected %v", tt.name, cause, tt.ended)
		}
		if _, over := e.waits.overrun(); over != (tt.ended != nil) {
			t.Errorf("%s: the limit counts as passed: %t, expected %t", tt.name, over, tt.ended != nil)
		}
		cancel()
		if _, over := e.waits.overrun(); over || e.waits.forCA() {
			t.Errorf("%s: the wait is still open after its end", tt.name)
		}
	}
}

// TestLimitBeforeAFailure checks that a limit that passed counts for the rest of the spec only
// if the spec went on after it, and that a wait that ended in time counts for nothing.
func TestLimitBeforeAFailure(t *testing.T) {
	t.Parallel()
	e := &Env{ctx: t.Context()}
	for _, tt := range []struct {
		name   string
		within func(time.Duration) (context.Context, context.CancelFunc)
		limit  time.Duration
		counts bool
	}{
		{"it ended in time", e.withinAndOn, time.Hour, false},
		{"its limit ended the spec, or proved that nothing happens", e.within, 0, false},
		{"the spec went on", e.withinAndOn, 0, true},
	} {
		_, cancel := tt.within(tt.limit)
		cancel()
		if _, over := e.waits.overrun(); over != tt.counts {
			t.Errorf("%s: the limit counts: %t, expected %t", tt.name, over, tt.counts)
		}
	}
}

// TestFrameOfGomega checks that a message does not tell how long the wait was.
func TestFrameOfGomega(t *testing.T) {
	t.Parallel()
	const failed = "awaited: x\n" +
		"The function passed to Eventually failed at /a/b.go:7 with:\nexpected  a\nseen      b"
	for _, first := range []string{
		"Timed out after 20.001s.\n", "Context was cancelled after 3.1s.\n",
		"Context was cancelled (cause: given up early) after 3.1s.\n",
	} {
		if got := gomegaFrame.ReplaceAllString(first+failed, ""); got !=
			"awaited: x\nexpected  a\nseen      b" {
			t.Errorf("%q leaves %q", first, got)
		}
	}
}
