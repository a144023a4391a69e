package harness

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"syscall"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	"assay/pebble"
	"assay/suite/internal/careful"
	"assay/suite/internal/limits"
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
	forCA bool // nothing but a request to the CA can end it
	// vain reports whether the wait is known to be in vain. It then ends when least is
	// over. Nil stands for a wait of which nothing can be known.
	vain  func() bool
	least time.Duration
	// decides says that the spec goes on when the limit has passed. The wait then stays
	// open, because a later failure may come of it.
	decides bool
}

// errInVain is why a wait ended before its limit.
var errInVain = errors.New("given up early, since the run saw before that it would be in vain")

// AwaitWithin returns what comes from a channel within a time limit, and whether something
// has. If nothing has, a later failure of the spec counts as one of this limit.
func AwaitWithin[T any](e *Env, limit time.Duration, from <-chan T) (got T, came bool) {
	ctx, cancel := e.withinAndOn(limit)
	defer cancel()
	select {
	case got, came = <-from:
	case <-ctx.Done():
	}
	return got, came
}

// within returns the spec's context with a time limit. If the spec fails after
// the limit and before the cancel function is called, the limit counts as the
// cause of the failure.
func (e *Env) within(d time.Duration) (context.Context, context.CancelFunc) {
	return e.wait(&wait{began: time.Now(), limit: d})
}

// withinAndOn does what [Env.within] does, for a wait after whose limit the spec goes on.
// The limit also counts as the cause of a failure later in the spec.
func (e *Env) withinAndOn(d time.Duration) (context.Context, context.CancelFunc) {
	return e.wait(&wait{began: time.Now(), limit: d, decides: true})
}

// withinForCA does what [Env.within] does, for a wait that nothing but a request of the
// target to its CA can end.
func (e *Env) withinForCA(d time.Duration) (context.Context, context.CancelFunc) {
	return e.wait(e.waitForCA(d))
}

func (e *Env) waitForCA(d time.Duration) *wait {
	return &wait{
		began: time.Now(), limit: d, forCA: true, vain: e.neverAsks, least: Limits.Change,
	}
}

// neverAsks reports whether the run has found that the target does not turn to its CA, if
// it has not done so in this spec.
func (e *Env) neverAsks() bool {
	return e.ca != nil && e.setup.Contact.Finding().Never && !e.requested()
}

// requested reports whether the target has sent the spec's CA a request, or has been kept
// from it by the spec.
func (e *Env) requested() bool {
	journal := e.ca.Journal()
	return len(journal.Requests(pebble.KindAny))+len(journal.Faults()) > 0
}

func (e *Env) wait(w *wait) (context.Context, context.CancelFunc) {
	cut, giveUp := context.WithCancelCause(e.ctx)
	ctx, cancel := context.WithTimeout(cut, w.limit)
	e.waits.mu.Lock()
	defer e.waits.mu.Unlock()
	if e.waits.open == nil {
		e.waits.open = map[*wait]bool{}
	}
	e.waits.open[w] = true
	if w.vain != nil {
		go e.waits.watch(ctx, w, giveUp)
	}
	return ctx, func() {
		cancel()
		giveUp(nil)
		e.waits.mu.Lock()
		defer e.waits.mu.Unlock()
		if !w.decides || time.Since(w.began) < w.limit {
			delete(e.waits.open, w)
		}
	}
}

// watch ends a wait that is in vain.
func (w *waits) watch(ctx context.Context, of *wait, giveUp context.CancelCauseFunc) {
	next := time.NewTimer(of.least)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
			if of.vain() {
				w.mu.Lock()
				defer w.mu.Unlock()
				of.limit = time.Since(of.began)
				giveUp(errInVain)
				return
			}
			next.Reset(time.Second / 4)
		}
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

// forCA reports whether a wait goes on that nothing but a request to the CA can end.
func (w *waits) forCA() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for wait := range w.open {
		if wait.forCA {
			return true
		}
	}
	return false
}

// timedOut reports whether an error says that a time limit passed.
func timedOut(err error) bool {
	var timeout interface{ Timeout() bool } // as in net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &timeout) && timeout.Timeout()
}

// AwaitIssued waits until the CA has issued a certificate, or the context ends. It reports
// whether there is one.
func (e *Env) AwaitIssued(ctx context.Context) bool {
	issued := func(j *pebble.Journal) bool { return len(j.Issued()) > 0 }
	_ = e.Journal().Wait(ctx, "a certificate", issued)
	return issued(e.Journal())
}

// Await waits until the condition holds for the CA's journal. The failure message
// describes the condition as what.
func (e *Env) Await(what string, condition func(*pebble.Journal) bool) {
	ginkgo.GinkgoHelper()
	ctx, cancel := e.withinForCA(Patience)
	defer cancel()
	if err := e.Journal().Wait(ctx, what, condition); err != nil {
		seen := err.Error()
		if !e.requested() {
			seen = noRequest
		}
		e.Fail("expected  " + what + "\nseen      " + match.Indent(seen))
	}
}

// noRequest says what was seen after a wait for the CA, however long it was.
const noRequest = "no request of the target to the CA"

// Eventually repeats the assertions until they hold. Use it only for changes that
// a client can see and that no event announces. It pauses between two tries,
// because a try is often a handshake and takes CPU time from other specs.
func (e *Env) Eventually(assertions func(gomega.Gomega), what string) {
	ginkgo.GinkgoHelper()
	e.EventuallyWithin(Patience, assertions, what)
}

// EventuallyWithin does what [Env.Eventually] does, within the given time limit.
func (e *Env) EventuallyWithin(limit time.Duration, assertions func(gomega.Gomega), what string) {
	ginkgo.GinkgoHelper()
	ctx, cancel := e.within(limit)
	defer cancel()
	e.eventually(ctx, assertions, what)
}

// EventuallyRenewed does what [Env.Eventually] does, for what a client sees only after the
// target has turned to its CA.
func (e *Env) EventuallyRenewed(assertions func(gomega.Gomega), what string) {
	ginkgo.GinkgoHelper()
	ctx, cancel := e.withinForCA(Patience)
	defer cancel()
	e.eventually(ctx, assertions, what)
}

func (e *Env) eventually(ctx context.Context, assertions func(gomega.Gomega), what string) {
	ginkgo.GinkgoHelper()
	g := gomega.NewGomega(func(message string, callerSkip ...int) {
		e.Fail(gomegaFrame.ReplaceAllString(message, ""), callerSkip...)
	})
	g.Eventually(ctx, assertions).WithPolling(80*time.Millisecond).
		Should(gomega.Succeed(), "awaited: "+what)
}

// gomegaFrame matches the lines that Gomega adds to the last failure of a
// repeated assertion.
var gomegaFrame = regexp.MustCompile(`(?m)^(?:(?:Timed out|Context was cancelled.*) after .*|` +
	`The function passed to Eventually failed at .* with:)\n`)

// afterFailure is how long clients keep coming to a server that cannot get a
// certificate. An attempt every second, or for each client, exceeds a CA's limits
// in this time. The catalogue says what this cannot show.
const afterFailure = 10 * time.Second

// ExpectFewOrders makes clients connect to a server whose issuance has failed, and
// expects it to keep running and to stay within the limits of the CA.
func (e *Env) ExpectFewOrders(server *Server) {
	ginkgo.GinkgoHelper()
	e.expectThroughout(server, afterFailure, match.HaveFailedAtMost(match.FailuresAtMost),
		match.HaveOrderedAtMost(match.OrdersAtMost), match.HaveIssuedAtMost(match.OrdersAtMost))
}

// ExpectFewRequests makes clients connect to a server whose CA fails, and expects
// it to keep running and to send the CA few requests of all kinds.
func (e *Env) ExpectFewRequests(server *Server) {
	ginkgo.GinkgoHelper()
	e.ExpectRequestsAtMost(server, 30)
}

// ExpectRequestsAtMost makes clients connect to a server whose CA fails, and expects it to
// keep running and to send the CA at most so many requests of all kinds.
func (e *Env) ExpectRequestsAtMost(server *Server, n int) {
	ginkgo.GinkgoHelper()
	e.expectThroughout(server, afterFailure, match.HaveRequestedAtMost(n))
}

// ExpectFewAttempts makes clients connect to a server whose validations fail, and
// expects it to keep running and to stay within the limits of the CA. A server that
// repeats a failed issuance every few seconds, for clients or by itself, exceeds
// them. The catalogue says what this cannot show: attempts that lie minutes apart.
func (e *Env) ExpectFewAttempts(server *Server) {
	ginkgo.GinkgoHelper()
	e.expectThroughout(server, 2*afterFailure,
		match.HaveIssuedNothingWithin(match.FailuresAtMost, 2*match.OrdersAtMost))
}

// expectThroughout makes a client connect every half second, and expects the server
// to run and the CA's journal to match, until the time is over.
func (e *Env) expectThroughout(
	server *Server, during time.Duration, matchers ...types.GomegaMatcher,
) {
	ginkgo.GinkgoHelper()
	expect := func() {
		ginkgo.GinkgoHelper()
		gomega.Expect(server.Process).To(match.BeAlive())
		for _, matcher := range matchers {
			gomega.Expect(e.Journal()).To(matcher)
		}
	}
	over, next := time.After(during), time.NewTicker(time.Second/2)
	defer next.Stop()
	least := time.Now().Add(Limits.Vain)
	var clients sync.WaitGroup
	defer clients.Wait()
	for watching := true; watching; {
		expect()
		clients.Go(func() { e.ImpatientHandshake(server) })
		select {
		case <-next.C:
			watching = !e.neverAsks() || time.Now().Before(least) // else there is nothing to see
		case <-over:
			watching = false
		case <-e.ctx.Done():
			return
		}
	}
	clients.Wait()
	expect()
}

// endWithGroup makes the end of the command's context kill all processes of its group,
// and keeps a process outside of the group from holding up the end by an open output.
func endWithGroup(cmd *exec.Cmd) {
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = limits.Drain
}

// Shell runs a documented command line in the spec's world, as an operator
// would on the target's host, and returns what it prints.
func (e *Env) Shell(line string) string {
	ginkgo.GinkgoHelper()
	ctx, cancel := e.within(Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.Dir = e.Dir
	endWithGroup(cmd)
	output := careful.NewOutput(limits.Output)
	cmd.Stdout, cmd.Stderr = output, output
	e.Must(e.World.Start(cmd))
	if err := cmd.Wait(); err != nil && ctx.Err() != nil {
		e.Fail(fmt.Sprintf("expected  an end of: %s\nseen      %v after %s\n%s",
			line, context.Cause(ctx), Patience, output.String()))
	}
	return output.String()
}
