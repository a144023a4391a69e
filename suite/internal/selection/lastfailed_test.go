package selection

import (
	"slices"
	"testing"

	"assay/scenarios"
	"assay/suite/report"
)

func TestLastFailed(t *testing.T) {
	t.Parallel()
	catalogue, err := scenarios.Load()
	if err != nil {
		t.Fatal(err)
	}
	// A requirement with a need, whichever the catalogue has.
	all := catalogue.Requirements()
	i := slices.IndexFunc(all, func(r scenarios.Requirement) bool {
		return slices.ContainsFunc(r.Needs, func(n scenarios.Need) bool { return n.ID != "" }) &&
			len(r.Cases) == 0
	})
	if i < 0 {
		t.Fatal("the catalogue has no requirement that needs another")
	}
	needing := all[i]
	var need string
	for _, n := range needing.Needs {
		need += n.ID
	}
	r := &report.Report{Results: []report.Result{
		{ID: "BYO-01", Status: report.Passed, Level: scenarios.Must},
		{ID: "BYO-02", Status: report.Failed, Level: scenarios.Must, Cases: []report.Case{
			{Case: "beside", Status: report.Passed},
			{Case: "dot-dot", Status: report.Failed},
			{Case: "symlink", Status: report.Error},
		}},
		{ID: "BYO-03", Status: report.Error, Level: scenarios.Must},
		{ID: "CHAIN-01", Status: report.UnexpectedPassed, Level: scenarios.Must},
		{ID: "CHAIN-02", Status: report.KnownFailed, Level: scenarios.Must},
		{ID: "CHAIN-04", Status: report.Failed, Level: scenarios.May},
		{ID: "CHAIN-06", Status: report.Failed, Level: scenarios.Should},
		{ID: needing.ID, Status: report.Failed, Level: scenarios.Must},
		{ID: "OLD-01", Status: report.Failed, Level: scenarios.Must},
	}}
	got := LastFailed(r, catalogue)
	want := []string{
		"BYO-02/dot-dot", "BYO-02/symlink", "BYO-03", "CHAIN-01", "CHAIN-06", needing.ID, need,
	}
	if !slices.Equal(got, want) {
		t.Errorf("found %q, expected %q", got, want)
	}
	for _, name := range got {
		if !catalogue.Matches(name) {
			t.Errorf("--only %s matches nothing", name)
		}
	}
	r = &report.Report{Results: []report.Result{
		{ID: need, Status: report.Failed, Level: scenarios.Must},
		{ID: needing.ID, Status: report.Skipped, Level: scenarios.Must},
		{ID: "BYO-01", Status: report.Skipped, Level: scenarios.Must},
	}}
	if got := LastFailed(r, catalogue); !slices.Equal(got, []string{need, needing.ID}) {
		t.Errorf("found %q, expected %s, and %s, which was not judged for it", got, need, needing.ID)
	}
	if got := LastFailed(&report.Report{}, catalogue); got != nil {
		t.Errorf("an empty report: found %q, expected nothing", got)
	}
}
