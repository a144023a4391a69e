package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/scenarios"
)

// TestTally checks that each kind of result is counted once, and that a failed
// SHOULD counts as failing in a strict run only.
func TestTally(t *testing.T) {
	t.Parallel()
	void := &Excuse{Void: "expired"}
	r := &Report{Results: []Result{
		{Status: Failed, Level: scenarios.Must},
		{Status: Failed, Level: scenarios.May, KnownFailure: void},
		{Status: Error, Level: scenarios.May},
		{Status: UnexpectedPassed, Level: scenarios.Should},
		{Status: Failed, Level: scenarios.Should},
		{Status: Failed, Level: scenarios.May},
		{Status: KnownFailed, Level: scenarios.Must},
		{Status: Passed, Level: scenarios.Must},
		{Status: Observed, Level: scenarios.Observe},
		{Status: Skipped, Level: scenarios.Must},
		{Status: Skipped, Level: scenarios.Must, LeftOut: true},
		{Status: NotClaimed, Level: scenarios.Must},
	}}
	want := Tally{
		Failing: 4, NotMet: 1, NotOffered: 1, KnownFailures: 1, Passed: 1, Observed: 1, Skipped: 1,
		LeftOut: 1, NotClaimed: 1,
	}
	if diff := cmp.Diff(want, r.Tally()); diff != "" {
		t.Error(diff)
	}
	r.Strict = true
	want.Failing, want.NotMet = 5, 0
	if diff := cmp.Diff(want, r.Tally()); diff != "" {
		t.Errorf("strict: %s", diff)
	}
}
