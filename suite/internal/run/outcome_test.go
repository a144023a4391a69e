package run

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
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

// TestOutcomesAreRead checks that everything that the workers have left is read, but for a
// line that has no end yet.
func TestOutcomesAreRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	leave := func(worker int, id string, began bool) {
		t.Helper()
		o := outcome{Outcome: harness.NewOutcome(id, "").Outcome, Began: began}
		if err := o.write(dir, worker); err != nil {
			t.Fatal(err)
		}
	}
	leave(1, "A-01", true)
	leave(1, "A-01", false)
	leave(2, "A-02", true)
	leave(2, "A-02", false)
	leave(2, "A-03", true)
	half := filepath.Join(dir, "3.jsonl")
	if err := os.WriteFile(half, []byte(`{"id":"A-04"`), 0o600); err != nil {
		t.Fatal(err)
	}
	ended, begun, err := readOutcomes(dir)
	if err != nil {
		t.Fatal(err)
	}
	ids := func(all []outcome) (ids []string) {
		for _, o := range all {
			ids = append(ids, o.ID)
		}
		return ids
	}
	if got := ids(ended); !slices.Equal(got, []string{"A-01", "A-02"}) {
		t.Errorf("ended: %v, expected A-01 and A-02", got)
	}
	if got := ids(begun); !slices.Equal(got, []string{"A-01", "A-02", "A-03"}) {
		t.Errorf("begun: %v, expected A-01, A-02 and A-03", got)
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
