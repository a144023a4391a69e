package run

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"assay/suite/internal/sut"
	"assay/suite/internal/verdict"
	"assay/suite/report"
)

// tracked is a tracker whose events are recorded.
type tracked struct {
	*tracker
	events []report.Event
}

func track(t *testing.T, o Options) *tracked {
	t.Helper()
	var all tracked
	all.tracker = planOf(t, o).newTracker(func(e report.Event) { all.events = append(all.events, e) })
	return &all
}

// told returns the events since the last call, but for those about cases, in words.
func (t *tracked) told() string {
	var words []string
	for _, e := range t.events {
		switch e.Kind {
		case report.EventCase:
		case report.EventFailure:
			words = append(words, fmt.Sprintf("%s %s", e.Failure.ID, e.Failure.Status))
		case report.EventChapter:
			words = append(words, fmt.Sprintf("%s %d/%d", e.Chapter.Name, e.Chapter.Failed, e.Chapter.Done))
		case report.EventAgain:
			words = append(words, fmt.Sprintf("again %d", e.Again))
		default:
			words = append(words, string(e.Kind))
		}
	}
	t.events = nil
	return strings.Join(words, ", ")
}

func (t *tracked) expect(tt *testing.T, want string) {
	tt.Helper()
	if got := t.told(); got != want {
		tt.Errorf("told %q, expected %q", got, want)
	}
}

// outcomeAs returns the outcome of a case, "ID" or "ID/case".
func outcomeAs(name string, status report.Status) outcome {
	id, row, _ := strings.Cut(name, "/")
	return outcome{Outcome: verdict.Outcome{ID: id, Case: row, Status: status, Reason: "so"}}
}

// begun returns that a case has begun.
func begun(name string) outcome {
	o := outcomeAs(name, report.Error)
	o.Began = true
	return o
}

// casesOf returns the outcomes of all cases of a requirement.
func casesOf(t *testing.T, p *plan, id string, status report.Status) (all []outcome) {
	t.Helper()
	r, _, found := p.catalogue.Find(id)
	if !found {
		t.Fatalf("%s is not in the catalogue", id)
	}
	for _, row := range r.Rows() {
		all = append(all, outcomeAs(id+suffix(row.Name), status))
	}
	return all
}

// TestFailureIsToldWithTheLastCase checks that a failure is told once, and not before the
// requirement's last case has ended.
func TestFailureIsToldWithTheLastCase(t *testing.T) {
	t.Parallel()
	tr := track(t, Options{Only: []string{"BYO-01", "BYO-02"}})
	cases := casesOf(t, tr.p, "BYO-02", report.Passed)
	if len(cases) < 2 {
		t.Fatalf("BYO-02 has %d cases, expected some", len(cases))
	}
	cases[0].Status = report.Failed
	tr.notice(cases[:len(cases)-1])
	tr.expect(t, "")
	tr.notice(cases[len(cases)-1:])
	tr.expect(t, "BYO-02 failed")
	tr.notice(casesOf(t, tr.p, "BYO-01", report.Passed))
	tr.expect(t, "byo 1/2")
	tr.finish(nil)
	tr.expect(t, "finishing")
	if e := tr.latest; e.Total != 2 || e.Done != 2 || e.Failed != 1 {
		t.Errorf("counted %d of %d and %d failures, expected 2 of 2 and 1", e.Done, e.Total, e.Failed)
	}
}

// TestFailureWaitsForItsNeeds checks that a requirement is judged after what it needs,
// and skipped if that failed.
func TestFailureWaitsForItsNeeds(t *testing.T) {
	t.Parallel()
	for need, want := range map[report.Status]string{
		report.Passed: "BYO-17 failed, byo 1/2",
		report.Failed: "BYO-30 failed, byo 1/2",
	} {
		tr := track(t, Options{Only: []string{"BYO-17", "BYO-30"}})
		tr.notice(casesOf(t, tr.p, "BYO-17", report.Failed))
		tr.expect(t, "")
		tr.notice(casesOf(t, tr.p, "BYO-30", need))
		tr.expect(t, want)
	}
}

// TestOnlyWhatFailsTheRunIsTold checks levels and known failures.
func TestOnlyWhatFailsTheRunIsTold(t *testing.T) {
	t.Parallel()
	known := []sut.KnownFailure{{ID: "BYO-01", Reason: "it does"}}
	should := ""
	for _, r := range planOf(t, Options{}).catalogue.Requirements() {
		if r.Level == "SHOULD" && len(r.Needs) == 0 && should == "" {
			should = r.ID
		}
	}
	for _, row := range []struct {
		name   string
		id     string
		o      Options
		known  []sut.KnownFailure
		status report.Status
		want   string
	}{
		{"failed", "BYO-01", Options{}, nil, report.Failed, "BYO-01 failed"},
		{"error", "BYO-01", Options{}, nil, report.Error, "BYO-01 error"},
		{"skipped", "BYO-01", Options{}, nil, report.Skipped, ""},
		{"known", "BYO-01", Options{}, known, report.Failed, ""},
		{"known and passed", "BYO-01", Options{}, known, report.Passed, "BYO-01 unexpected-pass"},
		{"SHOULD", should, Options{}, nil, report.Failed, ""},
		{"strict", should, Options{Strict: true}, nil, report.Failed, should + " failed"},
	} {
		row.o.Only = []string{row.id}
		tr := track(t, row.o)
		tr.p.target.KnownFailures = row.known
		tr.notice(casesOf(t, tr.p, row.id, row.status))
		told, _, _ := strings.Cut(tr.told(), ", ")
		if strings.Contains(told, "/") { // the line about the chapter
			told = ""
		}
		if told != row.want {
			t.Errorf("%s: told %q, expected %q", row.name, told, row.want)
		}
	}
}

// TestStarvedCaseWaitsForItsSecondTry checks that a case which a starved machine decided
// counts after its second try alone.
func TestStarvedCaseWaitsForItsSecondTry(t *testing.T) {
	t.Parallel()
	for second, want := range map[report.Status]string{
		report.Passed: "byo 0/1",
		report.Failed: "BYO-01 failed, byo 1/1",
	} {
		tr := track(t, Options{Only: []string{"BYO-01"}})
		first := outcomeAs("BYO-01", report.Failed)
		first.Starved = "for 3 s"
		tr.notice([]outcome{begun("BYO-01"), first})
		tr.expect(t, "")
		if tr.latest.Done != 0 {
			t.Errorf("counted %d, expected 0 before the second try", tr.latest.Done)
		}
		tr.notice([]outcome{begun("BYO-01")})
		tr.expect(t, "again 1")
		tr.notice([]outcome{outcomeAs("BYO-01", second)})
		tr.expect(t, want)
	}
	tr := track(t, Options{Only: []string{"BYO-01"}})
	twice := outcomeAs("BYO-01", report.Failed)
	twice.Starved = "for 3 s"
	tr.notice([]outcome{twice, twice})
	tr.expect(t, "BYO-01 error, byo 1/1")
}

func TestRunningCases(t *testing.T) {
	t.Parallel()
	tr := track(t, Options{})
	tr.notice([]outcome{begun("BYO-01"), begun("BYO-02/dot-dot"), begun("BYO-03")})
	tr.notice([]outcome{outcomeAs("BYO-02/dot-dot", report.Passed)})
	got := tr.events[len(tr.events)-1].Running
	if want := []string{"BYO-01", "BYO-03"}; !slices.Equal(got, want) {
		t.Errorf("running %q, expected %q", got, want)
	}
}

// TestFinishTakesWhatWasNotNoticed checks that the last outcomes are told, those before
// not again.
func TestFinishTakesWhatWasNotNoticed(t *testing.T) {
	t.Parallel()
	tr := track(t, Options{Only: []string{"BYO-01", "BYO-04"}})
	first := casesOf(t, tr.p, "BYO-01", report.Failed)
	tr.notice(first)
	tr.expect(t, "BYO-01 failed")
	tr.finish(append(first, casesOf(t, tr.p, "BYO-04", report.Failed)...))
	if got := tr.told(); !strings.Contains(got, "BYO-04 failed") || strings.Contains(got, "BYO-01") {
		t.Errorf("told %q, expected the failure of BYO-04 alone", got)
	}
}

// TestIssuanceHasTheCounts checks that an event beside the cases has their counts.
func TestIssuanceHasTheCounts(t *testing.T) {
	t.Parallel()
	tr := track(t, Options{Only: []string{"BYO-01", "BYO-03"}})
	tr.notice([]outcome{begun("BYO-01"), outcomeAs("BYO-01", report.Passed)})
	tr.told()
	tr.issuance(&report.Result{Cause: report.CauseNoContact})
	if e := tr.events[0]; e.Kind != report.EventIssuance || e.Done != 1 || e.Total != 2 ||
		e.Failure.Cause != report.CauseNoContact {
		t.Errorf("found %+v, expected an issuance with the cause, 1 of 2 done", e)
	}
}
