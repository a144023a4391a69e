package run

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"assay/suite/internal/verdict"
	"assay/suite/report"
)

// tried makes an outcome of a case.
func tried(id, row string, status report.Status, starved string) outcome {
	o := outcome{Outcome: verdict.Outcome{ID: id, Case: row, Status: status}, Issuances: 1,
		Starved: starved}
	if status != report.Passed {
		o.Reason = "expected  a\nseen      b"
	}
	return o
}

// TestSettle checks that the second try counts for the cases that a starved
// machine decided, and for no others.
func TestSettle(t *testing.T) {
	t.Parallel()
	first := []outcome{
		tried("CFG-01", "", report.Passed, ""),
		tried("CFG-02", "", report.Failed, ""),
		tried("BYO-01", "one", report.Failed, "timers were late"),
		tried("BYO-01", "two", report.Failed, "timers were late"),
		tried("ACME-01", "", report.Error, "timers were late"),
		tried("ACME-02", "", report.Failed, "timers were late"),
	}
	clock := tried("BYO-01", "", report.Failed, "the clock was set back")
	clock.ClockSet = true
	if why := settle([]outcome{clock}, nil, true)[0].Reason; strings.Contains(why, "starved") {
		t.Errorf("after the clock was set: found %q, expected no word of starving", why)
	}
	want := []string{"BYO-01/one", "BYO-01/two", "ACME-01", "ACME-02"}
	if names := starved(first); !slices.Equal(names, want) {
		t.Errorf("to be tried again: found %v", names)
	}
	second := []outcome{
		tried("BYO-01", "one", report.Passed, ""),
		tried("BYO-01", "two", report.Failed, ""),
		tried("ACME-01", "", report.Failed, "timers were late again"),
	}
	for _, tt := range []struct {
		interrupted bool
		last        report.Status
	}{{false, report.Error}, {true, report.Skipped}} {
		got := settle(first, second, tt.interrupted)
		want := []report.Status{
			report.Passed, report.Failed, report.Passed, report.Failed, report.Error, tt.last,
		}
		for i, o := range got {
			if o.name() != first[i].name() || o.Status != want[i] {
				t.Errorf("found %s %s, expected %s %s", o.name(), o.Status, first[i].name(), want[i])
			}
			if twice := i >= 2 && i <= 4; (o.TriedTwice != "") != twice {
				t.Errorf("%s: found tried twice %q, expected %t", o.name(), o.TriedTwice, twice)
			}
		}
		if got[4].Issuances != 2 {
			t.Errorf("found %d issuances, expected those of both tries", got[4].Issuances)
		}
		for i, words := range map[int]string{
			2: "timers were late", 4: "at both tries", 5: "before the second try",
		} {
			if text := got[i].TriedTwice + got[i].Reason; !strings.Contains(text, words) {
				t.Errorf("%s: found %q, expected %q in it", got[i].name(), text, words)
			}
		}
	}
}

// TestHopeless checks that the rest is not tried if the machine starves one case
// after the other.
func TestHopeless(t *testing.T) {
	t.Parallel()
	p := &plan{}
	for range hopeless {
		p.countStarved(tried("CFG-01", "", report.Failed, "late"))
	}
	if p.starvedInARow != hopeless {
		t.Errorf("counted %d, expected %d", p.starvedInARow, hopeless)
	}
	p.countStarved(tried("CFG-01", "", report.Failed, ""))
	if p.starvedInARow != 0 {
		t.Errorf("counted %d after a case with a verdict, expected none", p.starvedInARow)
	}
}

func TestOutcomesOfEndedWorkers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i, o := range []outcome{
		tried("CFG-01", "", report.Passed, ""), tried("CFG-02", "a", report.Failed, "late"),
		tried("BYO-01", "", report.Passed, ""),
	} {
		if err := o.write(dir, i%2); err != nil {
			t.Fatal(err)
		}
	}
	// A worker that was killed while it wrote.
	file, err := os.OpenFile(filepath.Join(dir, "0.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	file.WriteString(`{"id": "BYO-02", "sta`)
	file.Close()
	all, _, err := readOutcomes(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range all {
		names = append(names, o.name()+" "+string(o.Status)+o.Starved)
	}
	want := []string{"CFG-01 passed", "BYO-01 passed", "CFG-02/a failedlate"}
	if !slices.Equal(names, want) {
		t.Errorf("found %q, expected %q", names, want)
	}
}

func TestDefaultProcs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ processors, runnable, want int }{
		{2, 1, 16}, {2, 0, 16}, {2, 9, 8}, {2, 60, 4}, {1, 2, 7}, {1, 60, 2}, {16, 1, 40}, {64, 500, 40},
	} {
		if got := defaultProcs(tt.processors, tt.runnable); got != tt.want {
			t.Errorf("%d processors, %d runnable: found %d workers, expected %d", tt.processors, tt.runnable,
				got, tt.want)
		}
	}
}

// TestLost checks what is said of cases that have begun and not ended.
func TestLost(t *testing.T) {
	t.Parallel()
	begun := func(row string, worker int) outcome {
		o := tried("BYO-01", row, report.Error, "")
		o.Began, o.Worker = true, worker
		return o
	}
	ended := []outcome{tried("BYO-01", "one", report.Passed, "")}
	lost := lostOf(ended, []outcome{begun("one", 7), begun("two", 7), begun("three", 8)}, []int{8})
	if len(lost) != 2 {
		t.Fatalf("found %d outcomes, expected two", len(lost))
	}
	for i, want := range []string{"was killed while", "was stopped (SIGSTOP) while"} {
		if o := lost[i]; o.Status != report.Error || o.Began || !strings.Contains(o.Reason, want) {
			t.Errorf("%s: found %s %q, expected an error that says %q", o.name(), o.Status, o.Reason, want)
		}
	}
}
