package run

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"assay/suite/internal/clock"
	"assay/suite/internal/harness"
	"assay/suite/internal/sut"
	"assay/suite/internal/world"
	"assay/suite/report/words"
)

// examinedMove is how far [Examine] moves the target's clock.
const examinedMove = 30 * 24 * time.Hour

// tryClock starts the target with a plain configuration and a clock of its own, and
// moves the clock.
func (p *plan) tryClock(ctx context.Context, inside *world.Run) (f Finding, err error) {
	f = Finding{What: "clock", Verdict: limited}
	if err := clock.Available(); err != nil {
		f.Text = err.Error() + "; assay live does not work"
		return f, nil
	}
	e, err := openAside(ctx, p.setup(inside), "CLOCK", 2)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	failure := failureOf(func() {
		e.UseClock().Clock.CountReadings()
		server := e.Start(simplest(e))
		moved := e.Time.Advance(ctx, examinedMove)
		seen := e.Time.Clock.Seen()
		if problem := clockProblem(server, moved, seen); problem != "" {
			f.Text = problem
		} else {
			f.Verdict, f.Text = found, describeSeen(seen)
		}
		server.Stop()
	})
	if failure != "" {
		f.Text = "the target does not start with a clock of its own: " + failure
	}
	f.Text = e.WithoutSecrets(words.OneLine(f.Text))
	return f, nil
}

// clockProblem says what went wrong when the clock was moved; "" if it moved.
func clockProblem(server *harness.Server, moved error, seen clock.Seen) string {
	switch ending := server.Process.Ending(); {
	case ending != sut.Ending{}:
		return fmt.Sprintf("the target %s when its clock was moved; it said last: %s",
			ending, server.Process.Log().Tail(3))
	case moved != nil:
		return moved.Error()
	case len(seen.Unmoved) > 0:
		return "the clock of a part of the target does not move: " + strings.Join(seen.Unmoved, ", ")
	}
	return ""
}

// describeSeen says what the clock has met in the target.
func describeSeen(s clock.Seen) string {
	text := fmt.Sprintf("moved by %d days in %s: the time was read %d times through the vDSO "+
		"and %d times by system calls of the target's own, and both move",
		examinedMove/(24*time.Hour), words.Plural(s.Processes, "process", "processes"),
		s.Readings, s.Calls)
	if s.Moments > 0 {
		text += fmt.Sprintf("; %s until a moment", words.Plural(s.Moments, "wait", "waits"))
	}
	return text
}
