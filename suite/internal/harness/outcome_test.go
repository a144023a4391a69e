package harness

import (
	"testing"

	"github.com/onsi/ginkgo/v2/types"

	"assay/suite/report"
)

// TestStatus checks that a failure of the target and an error of Assay get
// different statuses.
func TestStatus(t *testing.T) {
	for _, tt := range []struct {
		name    string
		spec    types.SpecReport
		outcome Outcome
		status  report.Status
		reason  string
	}{
		{"passed", types.SpecReport{State: types.SpecStatePassed}, Outcome{}, report.Passed, ""},
		{"an assertion failed", failed(types.SpecStateFailed, "expected a, seen b"), Outcome{},
			report.Failed, "expected a, seen b"},
		{"skipped", failed(types.SpecStateSkipped, "openssl is not on PATH"), Outcome{}, report.Skipped,
			"openssl is not on PATH"},
		{"interrupted", types.SpecReport{State: types.SpecStateInterrupted}, Outcome{}, report.Skipped,
			"interrupted"},
		{"interrupted, and so the CA did not start",
			types.SpecReport{State: types.SpecStateInterrupted},
			Outcome{Broken: "the CA cannot be reached: operation was canceled"}, report.Skipped,
			"interrupted"},
		{"a panic in a spec", types.SpecReport{State: types.SpecStatePanicked,
			Failure: types.Failure{ForwardedPanic: "nil map"}}, Outcome{}, report.Error, "panic: nil map"},
		{"a spec without a deadline of its own", failed(types.SpecStateTimedout, "a minute"), Outcome{},
			report.Error, "timedout: a minute"},
		{"a spec whose time ended a wait for the target",
			timedOutAfter("a handshake that completes"), Outcome{}, report.Failed,
			"a handshake that completes\n(the time of the whole spec was over)"},
		{"Assay failed, and so the spec", failed(types.SpecStateFailed, "Assay itself failed"),
			Outcome{Broken: "no namespace"}, report.Error, "no namespace"},
		{"cleaning up failed after a pass", types.SpecReport{State: types.SpecStatePassed},
			Outcome{Broken: "busy"}, report.Error, "busy"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if status, reason := status(tt.spec, tt.outcome); status != tt.status || reason != tt.reason {
				t.Errorf("%s %q, expected %s %q", status, reason, tt.status, tt.reason)
			}
		})
	}
}

func failed(state types.SpecState, message string) types.SpecReport {
	return types.SpecReport{State: state, Failure: types.Failure{Message: message}}
}

// timedOutAfter returns the report of a spec that failed after its time was over.
func timedOutAfter(message string) types.SpecReport {
	spec := failed(types.SpecStateTimedout, "a minute")
	spec.Failure.AdditionalFailure = &types.AdditionalFailure{
		State:   types.SpecStateFailed,
		Failure: types.Failure{Message: "A spec timeout occurred and then:\n" + message},
	}
	return spec
}

// movedClock is a clock that somebody has set.
type movedClock struct{ words string }

func (c movedClock) Set() (words string, was bool) { return c.words, c.words != "" }

// TestSetClock checks that a failure while the clock was set is decided by that, unless
// the machine was starved too.
func TestSetClock(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		before *Deadline
		clock  string
		want   string
	}{
		{nil, "", ""},
		{nil, "set back", "set back"},
		{&Deadline{}, "set back", "set back"},
		{&Deadline{Starved: "late"}, "set back", "late"},
	} {
		e := &Env{clock: movedClock{tt.clock}}
		e.Outcome.Deadline = tt.before
		e.noteClock()
		got := ""
		if d := e.Outcome.Deadline; d != nil {
			got = d.Starved
		}
		if got != tt.want {
			t.Errorf("%+v: found %q, expected %q", tt, got, tt.want)
		}
	}
}
