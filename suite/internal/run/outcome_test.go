package run

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/onsi/ginkgo/v2/types"

	"assay/suite/internal/harness"
	"assay/suite/report"
)

// TestOutcomes checks that the worker's verdict stands, unless the spec failed
// after the worker had handed it over.
func TestOutcomes(t *testing.T) {
	spec := func(state types.SpecState, o harness.Outcome) types.SpecReport {
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		return types.SpecReport{
			LeafNodeType: types.NodeTypeIt, State: state, ReportEntries: types.ReportEntries{
				{Name: harness.EntryName, Value: types.ReportEntryValue{AsJSON: string(text)}},
			},
		}
	}
	passed, failing := harness.NewOutcome("X-01", ""), harness.NewOutcome("X-02", "")
	passed.Issuances = 2
	failing.Status, failing.Reason = report.Failed, "[redacted]"
	var results []outcome
	issuances := 0
	for _, s := range (types.SpecReports{
		spec(types.SpecStatePassed, passed),
		spec(types.SpecStateFailed, failing),
		spec(types.SpecStateTimedout, passed),
		{LeafNodeType: types.NodeTypeIt, State: types.SpecStateSkipped}, // never began
	}) {
		if o, ok := outcomeOf(s); ok {
			results = append(results, o)
			issuances += o.Issuances
		}
	}
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

// TestCaseWithoutEnd checks that a case whose end took too long is an error with that reason,
// and not one of a worker that was killed.
func TestCaseWithoutEnd(t *testing.T) {
	t.Parallel()
	o, ok := unfinished(types.SpecReport{
		LeafNodeText: "BYO-18/key-mismatch: a bad pair", State: types.SpecStateTimedout,
	})
	if !ok || o.name() != "BYO-18/key-mismatch" || o.Status != report.Error ||
		!strings.Contains(o.Reason, "did not end it in time") {
		t.Errorf("found %+v, %t; expected an error of BYO-18/key-mismatch", o, ok)
	}
	for _, spec := range []types.SpecReport{
		{LeafNodeText: "BYO-18/key-mismatch: a bad pair", State: types.SpecStateSkipped},
		{LeafNodeText: "BYO-18/key-mismatch: a bad pair", State: types.SpecStateInterrupted},
		{LeafNodeText: "", State: types.SpecStateFailed},
	} {
		if o, ok := unfinished(spec); ok {
			t.Errorf("found %+v, expected nothing of %+v", o, spec)
		}
	}
}
