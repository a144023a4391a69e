package run

import (
	"testing"

	"github.com/onsi/ginkgo/v2/types"

	"assay/suite/internal/harness"
	"assay/suite/report"
)

// TestStatus: what a target did wrong is told from what Assay did.
func TestStatus(t *testing.T) {
	for _, tt := range []struct {
		name    string
		spec    types.SpecReport
		outcome harness.Outcome
		status  report.Status
		reason  string
	}{
		{"passed", types.SpecReport{State: types.SpecStatePassed}, harness.Outcome{}, report.Passed, ""},
		{"an assertion failed", failed(types.SpecStateFailed, "expected a, seen b"), harness.Outcome{}, report.Failed, "expected a, seen b"},
		{"skipped", failed(types.SpecStateSkipped, "openssl is not on PATH"), harness.Outcome{}, report.Skipped, "openssl is not on PATH"},
		{"interrupted", types.SpecReport{State: types.SpecStateInterrupted}, harness.Outcome{}, report.Skipped, "interrupted"},
		{"a panic in a spec", types.SpecReport{State: types.SpecStatePanicked, Failure: types.Failure{ForwardedPanic: "nil map"}}, harness.Outcome{}, report.Error, "panic: nil map"},
		{"a spec without a deadline of its own", failed(types.SpecStateTimedout, "a minute"), harness.Outcome{}, report.Error, "timedout: a minute"},
		{"a spec whose time ended a wait for the target", after("a handshake that completes"), harness.Outcome{}, report.Failed, "a handshake that completes\n(the time of the whole spec was over)"},
		{"Assay failed, and so the spec", failed(types.SpecStateFailed, "Assay itself failed"), harness.Outcome{Broken: "no namespace"}, report.Error, "no namespace"},
		{"cleaning up failed after a pass", types.SpecReport{State: types.SpecStatePassed}, harness.Outcome{Broken: "busy"}, report.Error, "busy"},
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

// after is a spec whose time ran out, and which then failed.
func after(message string) types.SpecReport {
	spec := failed(types.SpecStateTimedout, "a minute")
	spec.Failure.AdditionalFailure = &types.AdditionalFailure{
		State:   types.SpecStateFailed,
		Failure: types.Failure{Message: "A spec timeout occurred and then:\n" + message},
	}
	return spec
}
