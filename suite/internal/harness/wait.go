package harness

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"assay/pebble"
	"assay/suite/internal/match"
	"assay/suite/internal/patience"
)

// Limits holds the time limits of this process's specs.
var Limits patience.Limits

// LimitsErr says which environment variable could not be read. It is nil if all
// could be.
var LimitsErr error

// Patience bounds every wait for a target.
var Patience time.Duration

func init() { readLimits() }

// readLimits sets the limits from the environment of this process.
func readLimits() {
	Limits, LimitsErr = patience.FromEnvironment()
	Patience = Limits.Usual
}

// SetMeasuredStart makes the limits of this process, and of those that it
// starts, follow the time that the target took to start.
func SetMeasuredStart(took time.Duration) {
	os.Setenv(patience.StartVariable, max(took, time.Millisecond).String())
	readLimits()
}

// waits are the waits of a spec that go on.
type waits struct {
	mu   sync.Mutex
	open map[*wait]bool
}

// wait is one wait, with a time limit.
type wait struct {
	began time.Time
	limit time.Duration
}

// within is the spec's context with a time limit. A failure before the cancel
// function is called, but after the limit, counts as one that the limit
// decided.
func (e *Env) within(d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(e.ctx, d)
	w := &wait{began: time.Now(), limit: d}
	e.waits.mu.Lock()
	defer e.waits.mu.Unlock()
	if e.waits.open == nil {
		e.waits.open = map[*wait]bool{}
	}
	e.waits.open[w] = true
	return ctx, func() {
		cancel()
		e.waits.mu.Lock()
		defer e.waits.mu.Unlock()
		delete(e.waits.open, w)
	}
}

// overrun returns when a wait began that goes on beyond its limit.
func (w *waits) overrun() (began time.Time, found bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for wait := range w.open {
		if time.Since(wait.began) >= wait.limit {
			return wait.began, true
		}
	}
	return began, false
}

// timedOut says whether an error is that of a time limit.
func timedOut(err error) bool {
	var timeout interface{ Timeout() bool } // as in net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &timeout) && timeout.Timeout()
}

// Await waits until the CA's journal shows what is described.
func (e *Env) Await(what string, condition func(*pebble.Journal) bool) {
	ginkgo.GinkgoHelper()
	ctx, cancel := e.within(Patience)
	defer cancel()
	if err := e.Journal().Wait(ctx, what, condition); err != nil {
		e.Fail("expected  " + what + "\nseen      " + match.Indent(err.Error()))
	}
}

// Eventually repeats the assertions until they hold. It is for what shows on
// the wire alone, where no event tells of it. A try is often a handshake,
// which costs the other specs time, so there are not too many of them.
func (e *Env) Eventually(assertions func(gomega.Gomega), what string) {
	ginkgo.GinkgoHelper()
	e.EventuallyWithin(Patience, assertions, what)
}

// EventuallyWithin is Eventually with a time limit of its own.
func (e *Env) EventuallyWithin(limit time.Duration, assertions func(gomega.Gomega), what string) {
	ginkgo.GinkgoHelper()
	_, cancel := e.within(limit)
	defer cancel()
	g := gomega.NewGomega(func(message string, callerSkip ...int) {
		e.Fail(ofGomega.ReplaceAllString(message, ""), callerSkip...)
	})
	g.Eventually(e.ctx, assertions).WithTimeout(limit).WithPolling(80*time.Millisecond).
		Should(gomega.Succeed(), "awaited: "+what)
}

// ofGomega matches what Gomega says of itself around the last failure of an
// assertion that was repeated.
var ofGomega = regexp.MustCompile(
	`(?m)^(?:Timed out after .*|The function passed to Eventually failed at .* with:)\n`)

// Shell runs a documented command line in the spec's world, as an operator
// would on the target's host, and returns what it prints.
func (e *Env) Shell(line string) string {
	ginkgo.GinkgoHelper()
	ctx, cancel := e.within(Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.Dir = e.Dir
	var output strings.Builder
	cmd.Stdout, cmd.Stderr = &output, &output
	e.Must(e.World.Start(cmd))
	if err := cmd.Wait(); err != nil && ctx.Err() != nil {
		e.Fail(fmt.Sprintf("expected  an end of: %s\nseen      %v after %s\n%s",
			line, context.Cause(ctx), Patience, output.String()))
	}
	return output.String()
}
