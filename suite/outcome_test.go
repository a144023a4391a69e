package suite

import (
	"encoding/json"
	"testing"

	"github.com/onsi/ginkgo/v2/types"

	"assay/suite/report"
)

// TestStatus: what a target did wrong is told from what Assay did.
func TestStatus(t *testing.T) {
	for _, tt := range []struct {
		name    string
		spec    types.SpecReport
		outcome outcome
		status  report.Status
		reason  string
	}{
		{"passed", types.SpecReport{State: types.SpecStatePassed}, outcome{}, report.Passed, ""},
		{"an assertion failed", failed(types.SpecStateFailed, "expected a, seen b"), outcome{}, report.Failed, "expected a, seen b"},
		{"skipped", failed(types.SpecStateSkipped, "openssl is not on PATH"), outcome{}, report.Skipped, "openssl is not on PATH"},
		{"interrupted", types.SpecReport{State: types.SpecStateInterrupted}, outcome{}, report.Skipped, "interrupted"},
		{"a panic in a spec", types.SpecReport{State: types.SpecStatePanicked, Failure: types.Failure{ForwardedPanic: "nil map"}}, outcome{}, report.Error, "panic: nil map"},
		{"a spec without a deadline of its own", failed(types.SpecStateTimedout, "a minute"), outcome{}, report.Error, "timedout: a minute"},
		{"a spec whose time ended a wait for the target", after("a handshake that completes"), outcome{}, report.Failed, "a handshake that completes\n(the time of the whole spec was over)"},
		{"Assay failed, and so the spec", failed(types.SpecStateFailed, "Assay itself failed"), outcome{Broken: "no namespace"}, report.Error, "no namespace"},
		{"cleaning up failed after a pass", types.SpecReport{State: types.SpecStatePassed}, outcome{Broken: "busy"}, report.Error, "busy"},
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

// TestOutcomes checks that the worker's verdict stands, unless the spec failed
// after the worker had handed it over.
func TestOutcomes(t *testing.T) {
	spec := func(state types.SpecState, o outcome) types.SpecReport {
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		return types.SpecReport{
			LeafNodeType: types.NodeTypeIt, State: state, ReportEntries: types.ReportEntries{
				{Name: entryName, Value: types.ReportEntryValue{AsJSON: string(text)}},
			},
		}
	}
	passed, failing := newOutcome("X-01", ""), newOutcome("X-02", "")
	passed.Issuances = 2
	failing.Status, failing.Reason = report.Failed, "[redacted]"
	results, issuances := outcomes(types.Report{SpecReports: types.SpecReports{
		spec(types.SpecStatePassed, passed),
		spec(types.SpecStateFailed, failing),
		spec(types.SpecStateTimedout, passed),
		{LeafNodeType: types.NodeTypeIt, State: types.SpecStateSkipped}, // never began
	}})
	want := []struct {
		status report.Status
		reason string
	}{
		{report.Passed, ""}, {report.Failed, "[redacted]"}, {report.Error, "cleaning up: timedout"},
	}
	if len(results) != len(want) || issuances != 4 {
		t.Fatalf("%d outcomes, %d issuances, expected %d and 4", len(results), issuances, len(want))
	}
	for i, w := range want {
		if results[i].Status != w.status || results[i].Reason != w.reason {
			t.Errorf("%s %q, expected %s %q", results[i].Status, results[i].Reason, w.status, w.reason)
		}
	}
}
