package run

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"assay/suite/internal/verdict"
	"assay/suite/report"
)

// TestFollower reads what two workers leave, piece by piece and each outcome once.
func TestFollower(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := follower{dir: dir, read: map[string]int64{}}
	expect := func(ids ...string) {
		t.Helper()
		found := f.fresh()
		if len(found) != len(ids) {
			t.Fatalf("found %d outcomes, expected %q", len(found), ids)
		}
		for i, id := range ids {
			if found[i].ID != id {
				t.Errorf("found %s, expected %s", found[i].ID, id)
			}
		}
	}
	leave := func(worker int, id string) {
		t.Helper()
		o := outcome{Outcome: verdict.Outcome{ID: id, Status: report.Passed}}
		if err := o.write(dir, worker); err != nil {
			t.Fatal(err)
		}
	}
	expect()
	leave(1, "A-01")
	leave(2, "A-02")
	expect("A-01", "A-02")
	expect()
	leave(1, "A-03")
	half, err := os.OpenFile(filepath.Join(dir, "2.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer half.Close()
	if _, err := half.WriteString(`{"ID":"A-04",`); err != nil {
		t.Fatal(err)
	}
	expect("A-03")
	if _, err := half.WriteString("\"Status\":\"passed\"}\n"); err != nil {
		t.Fatal(err)
	}
	expect("A-04")
}

// TestFailFastWaitsForNeeds checks that a failure is judged only when what it needs has
// held, and that what a second try decides does not end the run.
func TestFailFastWaitsForNeeds(t *testing.T) {
	t.Parallel()
	// BYO-17 needs BYO-30; both are MUST.
	fails := outcome{Outcome: verdict.Outcome{ID: "BYO-17", Status: report.Failed, Reason: "wrong"}}
	var holds []outcome
	p := planOf(t, Options{FailFast: true, Only: []string{"BYO-01", "BYO-17", "BYO-30"}})
	need, _, _ := p.catalogue.Find("BYO-30")
	for _, row := range need.Rows() {
		holds = append(holds, outcome{Outcome: verdict.Outcome{
			ID: need.ID, Case: row.Name, Status: report.Passed,
		}})
	}
	ctx, end := context.WithCancelCause(t.Context())
	defer end(nil)
	tracker := p.newTracker(func(report.Event) {})
	notice := func(fresh []outcome) {
		tracker.notice(fresh)
		p.failFast(tracker, end)
	}
	starved := fails
	starved.ID, starved.Starved = "BYO-01", "for 3 s"
	notice([]outcome{fails, starved})
	if e := earlyEndOf(ctx); e.reason != "" {
		t.Fatalf("found %q, expected the run to go on until BYO-30 is tried", e.reason)
	}
	p.FailFast = false
	notice(holds)
	if e := earlyEndOf(ctx); e.reason != "" {
		t.Errorf("found %q without --fail-fast, expected the run to go on", e.reason)
	}
	p.FailFast = true
	notice(nil)
	if e := earlyEndOf(ctx); e.reason != "--fail-fast ended the run at BYO-17 (failed)" {
		t.Errorf("found %q, expected the end at BYO-17", e.reason)
	}
}
