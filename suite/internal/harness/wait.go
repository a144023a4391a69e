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

// LimitsErr names the environment variable that could not be read. It is nil if
// all variables could be read.
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

// waits holds the waits of a spec that have not ended.
type waits struct {
	mu   sync.Mutex
	open map[*wait]bool
}

// wait is one wait, with a time limit.
type wait struct {
	began time.Time
	limit time.Duration
}

// within returns the spec's context with a time limit. If the spec fails after
// the limit and before the cancel function is called, the limit counts as the
// cause of the failure.
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

// overrun returns the start of a wait that has passed its limit and not ended.
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

// timedOut reports whether an error says that a time limit passed.
func timedOut(err error) bool {
	var timeout interface{ Timeout() bool } // as in net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &timeout) && timeout.Timeout()
}

// Await waits until the condition holds for the CA's journal. The failure message
// describes the condition as what.
func (e *Env) Await(what string, condition func(*pebble.Journal) bool) {
	ginkgo.GinkgoHelper()
	ctx, cancel := e.within(Patience)
	defer cancel()
	if err := e.Journal().Wait(ctx, what, condition); err != nil {
		e.Fail("expected  " + what + "\nseen      " + match.Indent(err.Error()))
	}
}

// Eventually repeats the assertions until they hold. Use it only for changes that
// a client can see and that no event announces. It pauses between two tries,
// because a try is often a handshake and takes CPU time from other specs.
func (e *Env) Eventually(assertions func(gomega.Gomega), what string) {
	ginkgo.GinkgoHelper()
	e.EventuallyWithin(Patience, assertions, what)
}

// EventuallyWithin is [Env.Eventually] with the given time limit.
func (e *Env) EventuallyWithin(limit time.Duration, assertions func(gomega.Gomega), what string) {
	ginkgo.GinkgoHelper()
	_, cancel := e.within(limit)
	defer cancel()
	g := gomega.NewGomega(func(message string, callerSkip ...int) {
		e.Fail(gomegaFrame.ReplaceAllString(message, ""), callerSkip...)
	})
	g.Eventually(e.ctx, assertions).WithTimeout(limit).WithPolling(80*time.Millisecond).
		Should(gomega.Succeed(), "awaited: "+what)
}

// gomegaFrame matches the lines that Gomega adds to the last failure of a
// repeated assertion.
var gomegaFrame = regexp.MustCompile(
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
