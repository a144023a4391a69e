package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"assay/suite/report"
)

// An earlyEnd is the reason why a run ends before all cases were tried. The user
// asked for it by an option.
type earlyEnd struct {
	reason string
	// failure is the error of the run, "" if the run ended as it should.
	failure string
}

// Error returns the reason.
func (e earlyEnd) Error() string { return e.reason }

// earlyEndOf returns why the user's options ended the run; the zero value if they
// did not.
func earlyEndOf(ctx context.Context) (e earlyEnd) {
	errors.As(context.Cause(ctx), &e)
	return e
}

// endInTime ends the run when --timeout is over.
func (p *plan) endInTime(end context.CancelCauseFunc) (stop func() bool) {
	if p.Timeout <= 0 {
		return func() bool { return true }
	}
	return time.AfterFunc(p.Timeout, func() {
		end(earlyEnd{
			reason:  fmt.Sprintf("--timeout %s was over", p.Timeout),
			failure: fmt.Sprintf("the run took longer than --timeout %s allows", p.Timeout),
		})
	}).Stop
}

// failFast ends the run at the first requirement that fails it, if the user asked for
// that. A tracker tells of a failure when all cases of the requirement have ended; here one
// case is enough.
func (p *plan) failFast(t *tracker, end context.CancelCauseFunc) {
	if !p.FailFast || !slices.ContainsFunc(t.outcomes, t.suspicious) {
		return
	}
	if id, status := p.firstFailure(t.outcomes); id != "" {
		end(earlyEnd{reason: fmt.Sprintf("--fail-fast ended the run at %s (%s)", id, status)})
	}
}

// firstFailure judges the outcomes so far and returns the first requirement that
// fails the run. A failure whose need has not been tried yet is not judged, as at
// the end of a run.
func (p *plan) firstFailure(outcomes []outcome) (id string, status report.Status) {
	r := p.conclude(conclusion{started: time.Now(), outcomes: outcomes,
		early: earlyEnd{reason: "not tried yet"}})
	for i := range r.Results {
		if x := &r.Results[i]; x.Fails(p.Strict) {
			return x.ID, x.Status
		}
	}
	return "", ""
}
