package render

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/scenarios"
	"assay/suite/internal/verdict"
	"assay/suite/report"
)

// sample returns a report with one result of each kind.
func sample(t *testing.T) *report.Report {
	t.Helper()
	r, err := report.Read("../../report/testdata/report.json")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func shown(t *testing.T, r *report.Report, s Style) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteVerdict(&b, r, s); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	got := shown(t, sample(t), Style{Dir: "assay-report"})
	want, err := os.ReadFile("testdata/verdict.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
	colour := shown(t, sample(t), Style{Dir: "assay-report", Color: true})
	if colour == got {
		t.Error("no colour although asked for")
	}
	plain := regexp.MustCompile(`\x1b\[[0-9;]*m`).ReplaceAllString(colour, "")
	if diff := cmp.Diff(got, plain); diff != "" {
		t.Errorf("colour changes the text:\n%s", diff)
	}
}

func TestVerdictQuiet(t *testing.T) {
	t.Parallel()
	got := shown(t, sample(t), Style{Quiet: true})
	for text, want := range map[string]bool{
		"FAILED  BYO-02": true, "ERROR  RES-04": true, "assay: 1 passed": true,
		"Warnings": false, "renewal": false, "reference v0.1.0": false,
	} {
		if strings.Contains(got, text) != want {
			t.Errorf("%q in the quiet verdict: expected %v", text, want)
		}
	}
}

// TestVerdictEnds checks that the end of a verdict agrees with the exit code.
func TestVerdictEnds(t *testing.T) {
	t.Parallel()
	must := scenarios.Requirement{
		ID: "X-01", Title: "a promise", Level: scenarios.Must, Chapter: "byo",
	}
	should := must
	should.Level = scenarios.Should
	outcome := func(s report.Status, reason string) []verdict.Outcome {
		return []verdict.Outcome{{ID: "X-01", Status: s, Reason: reason}}
	}
	tests := []struct {
		name     string
		level    scenarios.Requirement
		run      report.Report
		outcomes []verdict.Outcome
		leftOut  map[string]string
		holds    []string
		last     string
	}{
		{
			name: "all passed", level: must, run: report.Report{Issuances: 1},
			outcomes: outcome(report.Passed, ""),
			holds:    []string{"✓ byo", "(CPU 0.0 s, 1 issuance) → exit 0"},
			last:     "1 passed, 0 failed, 0 skipped",
		},
		{
			name: "only a warning", level: should, outcomes: outcome(report.Failed, "no warning"),
			holds: []string{"! byo", "Warnings (SHOULD)", "1 warning", "→ exit 0"},
			last:  "0 passed, 0 failed, 0 skipped",
		},
		{
			name: "a warning, strict", level: should, run: report.Report{Strict: true},
			outcomes: outcome(report.Failed, "no warning"),
			holds:    []string{"✗ byo", "FAILED  X-01  SHOULD", "→ exit 1"},
			last:     "0 passed, 1 failed, 0 skipped",
		},
		{
			name: "all skipped", level: must, outcomes: outcome(report.Skipped, "no openssl"),
			holds: []string{"- byo", "1 × no openssl", "Nothing was judged.", "→ exit 0"},
			last:  "0 passed, 0 failed, 1 skipped",
		},
		{
			name: "probe failed", level: must,
			run: report.Report{Error: "probe: exit status 1\nlast log line"},
			holds: []string{
				"THE RUN FAILED\n  probe: exit status 1\n  last log line\n",
				"not run: probe: exit status 1", "→ exit 2",
			},
			last: "0 passed, 0 failed, 1 skipped",
		},
		{
			name: "interrupted", level: must, run: report.Report{Interrupted: true},
			holds: []string{"INTERRUPTED", "→ exit 130"},
			last:  "0 passed, 0 failed, 1 skipped",
		},
		{
			name: "nothing selected", level: must, leftOut: map[string]string{"X-01": "--only Y"},
			holds: []string{
				"1 × not selected (--only Y)", "1 not selected, in", "nothing was run", "→ exit 2",
			},
			last: "0 passed, 0 failed, 0 skipped",
		},
		{
			name: "ended early", level: must,
			run: report.Report{Stopped: "--fail-fast ended the run at Y-01"},
			holds: []string{"ENDED EARLY", "--fail-fast ended the run at Y-01",
				"1 × not finished: --fail-fast ended the run at Y-01", "1 skipped,"},
			last: "0 passed, 0 failed, 1 skipped",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.run.Target.Profiles = []string{"byo"}
			got := shown(t, verdict.Gather(verdict.Input{
				Run: tt.run, Requirements: []scenarios.Requirement{tt.level},
				Outcomes: tt.outcomes, LeftOut: tt.leftOut,
			}), Style{})
			for _, want := range tt.holds {
				if !strings.Contains(got, want) {
					t.Errorf("expected %q in\n%s", want, got)
				}
			}
			lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
			if last := lines[len(lines)-1]; last != tt.last {
				t.Errorf("last line %q, expected %q", last, tt.last)
			}
		})
	}
}

// TestVerdictIsHarmless checks that the output of a target cannot control the
// terminal.
func TestVerdictIsHarmless(t *testing.T) {
	t.Parallel()
	r := sample(t)
	for i := range r.Results {
		x := &r.Results[i]
		x.Title, x.Reason, x.Detail, x.Source = "\x1b]0;t\a", "\x1b[2J", "\x1b[2J\r\nx", "\x9b31m"
		x.Evidence = &report.Evidence{Config: "\x1b[H", Repeat: "\x1bc", Dir: "evidence/\x1b"}
	}
	r.Error, r.WorldReason, r.Target.Name = "\x1b[2J", "\x1b[2J", "\x1b[2J"
	var md bytes.Buffer
	if err := WriteMarkdown(&md, r); err != nil {
		t.Fatal(err)
	}
	if err := WriteAnnotations(&md, r); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{shown(t, r, Style{}), md.String()} {
		if i := strings.IndexAny(s, "\x1b\a\r\u009b"); i >= 0 {
			t.Errorf("control character in %q", s[max(0, i-30):i+5])
		}
	}
}

func TestVerdictReportsAFailingWriter(t *testing.T) {
	t.Parallel()
	if err := WriteVerdict(broken{}, sample(t), Style{}); err == nil {
		t.Error("WriteVerdict: expected the writer's error")
	}
	if err := WriteMarkdown(broken{}, sample(t)); err == nil {
		t.Error("WriteMarkdown: expected the writer's error")
	}
	if err := report.WriteJUnit(broken{}, sample(t)); err == nil {
		t.Error("WriteJUnit: expected the writer's error")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestLongConfigurationIsCut(t *testing.T) {
	t.Parallel()
	r := sample(t)
	r.Results[1].Evidence.Config = strings.Repeat("key: value\n", 100)
	got := shown(t, r, Style{})
	if n := strings.Count(got, "key: value"); n != maxConfig-1 {
		t.Errorf("%d lines of configuration, expected %d", n, maxConfig-1)
	}
	if !strings.Contains(got, "… 77 more lines in config.txt") {
		t.Error("the verdict does not say what it left out")
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	r := sample(t)
	r.Results[1].Title = "a <b> | `c` *d* [e](f)"
	r.Results[2].Title = r.Results[1].Title
	r.Results[1].Cases[1].Detail = "a fence ``` within"
	var b bytes.Buffer
	if err := WriteMarkdown(&b, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| byo | 1 | 1 | 2 | | | 1 | |\n",
		"a &lt;b&gt; | `c` *d* [e](f)</summary>",
		"- **BYO-03** a &lt;b&gt; \\| \\`c\\` \\*d\\* \\[e\\](f): no warning in the log\n",
		"````\n",
		"- **RES-01** badNonce: unexpected EOF (listed: upstream drains error bodies, " +
			"https://example.org/3460, until 2027-06-30)\n",
		"- 1 × needs BYO-08, which is not offered: BYO-09\n",
		"### Not offered (MAY)",
		"\n1 passed, 3 failed, 1 skipped\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("expected %q in\n%s", want, b.String())
		}
	}
}

// TestTriedTwice checks that a verdict names the cases that were tried twice.
func TestTriedTwice(t *testing.T) {
	t.Parallel()
	r := &report.Report{Results: []report.Result{
		{ID: "A-01", Profile: "a", Status: report.Passed, TriedTwice: "starved for 3 s"},
		{ID: "A-02", Profile: "a", Status: report.Passed, Cases: []report.Case{
			{Case: "one", Status: report.Passed},
			{Case: "two", Status: report.Passed, TriedTwice: "starved for 5 s"},
		}},
	}}
	for name, write := range map[string]func(*strings.Builder) error{
		"terminal": func(b *strings.Builder) error { return WriteVerdict(b, r, Style{Width: 100}) },
		"markdown": func(b *strings.Builder) error { return WriteMarkdown(b, r) },
	} {
		var b strings.Builder
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		if !strings.Contains(text, "Tried twice") || !strings.Contains(text, "A-01 A-02/two") {
			t.Errorf("%s: expected the two cases that were tried twice in\n%s", name, text)
		}
	}
}

// TestWarningsOfOneCause checks that a text stands below the requirement whose text it
// is, and that others with the same cause are named.
func TestWarningsOfOneCause(t *testing.T) {
	t.Parallel()
	warned := func(id string) report.Result {
		return report.Result{
			ID: id, Profile: "a", Level: scenarios.Should, Status: report.Failed,
			Title: "title of " + id, Reason: "seen nothing",
		}
	}
	r := &report.Report{Results: []report.Result{warned("A-01"), warned("A-02")}}
	got := shown(t, r, Style{Width: 100})
	want := regexp.MustCompile(
		`A-01 title of A-01\n +seen nothing\n +not met for the same cause: A-02\n`)
	if !want.MatchString(got) {
		t.Errorf("expected %s in\n%s", want, got)
	}
}

// TestManyWarnings checks that warnings with a failure's cause are one group, and that
// one short command repeats them all.
func TestManyWarnings(t *testing.T) {
	t.Parallel()
	r := &report.Report{Results: []report.Result{failedAs("A-00", "seen nothing")}}
	for i := range fewWarnings + 1 {
		x := failedAs(fmt.Sprintf("A-%02d", i+10), "seen nothing")
		x.Level = scenarios.Should
		r.Results = append(r.Results, x)
	}
	got := shown(t, r, Style{Width: 100, Dir: "a b"})
	for _, want := range []string{
		"  9 warnings for the same cause as A-00\n    seen nothing\n      A-10 A-11",
		`"assay run --last-failed --out 'a b'" runs again what failed`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("expected %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "--only A-10") {
		t.Errorf("expected no command with all the names in\n%s", got)
	}
}

// TestBeginWith checks that a verdict with many failures names the causes that most
// others share, or rest on.
func TestBeginWith(t *testing.T) {
	t.Parallel()
	r := &report.Report{}
	for i := range 12 {
		r.Results = append(r.Results, failedAs(fmt.Sprintf("A-%02d", i), "seen letter "+
			string(rune('a'+max(0, i-4)))))
	}
	for i := range 4 {
		r.Results = append(r.Results, report.Result{
			ID: fmt.Sprintf("B-%02d", i), Status: report.Skipped, Reason: "needs A-11, which failed",
		})
	}
	got := shown(t, r, Style{Width: 200})
	want := "Begin with A-00 (5 requirements), then A-11 (5 requirements): the causes that"
	if !strings.Contains(got, want) {
		t.Errorf("expected %q in\n%s", want, got)
	}
	r.Results = r.Results[:5]
	if got := shown(t, r, Style{Width: 200}); strings.Contains(got, "Begin with") {
		t.Errorf("expected no advice about few failures in\n%s", got)
	}
}
