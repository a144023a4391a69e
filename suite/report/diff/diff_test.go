package diff

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/scenarios"
	"assay/suite/report"
)

// one returns a report of a single requirement.
func one(x report.Result) *report.Report {
	x.ID, x.Title = "X-01", "a promise"
	if x.Level == "" {
		x.Level = scenarios.Must
	}
	return &report.Report{
		Schema: report.Schema, Target: report.Target{Name: "t"}, World: "namespace",
		Results: []report.Result{x},
	}
}

// ofTwo returns a result that failed, with the cases a and b.
func ofTwo(a, b report.Status) report.Result {
	of := func(name string, status report.Status) report.Case {
		c := report.Case{Case: name, Status: status}
		if status == report.Failed {
			c.Reason = "no"
		}
		return c
	}
	return report.Result{Status: report.Failed, Cases: []report.Case{of("a", a), of("b", b)}}
}

func TestCompareVerdicts(t *testing.T) {
	t.Parallel()
	const outside = "autocert v0.1.0 is outside the range"
	for _, tt := range []struct {
		name         string
		from, to     report.Result
		trend        Trend // "" if nothing differs
		exit, strict int
	}{
		{"alike", report.Result{Status: report.Passed}, report.Result{Status: report.Passed}, "", 0, 0},
		{
			"alike but for the time it took",
			report.Result{Status: report.Failed, Reason: "port 1", DurationMS: 1},
			report.Result{Status: report.Failed, Reason: "port 2", DurationMS: 2}, "", 0, 0,
		},
		{
			"a MUST fails", report.Result{Status: report.Passed},
			report.Result{Status: report.Failed, Reason: "no"}, Worse, 1, 1,
		},
		{
			"a MUST that was skipped fails",
			report.Result{Status: report.Skipped, Reason: "no openssl"},
			report.Result{Status: report.Failed, Reason: "no"}, Worse, 1, 1,
		},
		{
			"a SHOULD fails", report.Result{Level: scenarios.Should, Status: report.Passed},
			report.Result{Level: scenarios.Should, Status: report.Failed, Reason: "no"}, Worse, 0,
			1,
		},
		{
			"a MUST errs", report.Result{Status: report.Passed},
			report.Result{Status: report.Error, Reason: "no CA"}, Worse, 1, 1,
		},
		{
			"a MUST fails as the target says", report.Result{Status: report.Passed},
			report.Result{Status: report.KnownFailed, Reason: "no"}, Worse, 0, 1,
		},
		{
			"a known failure becomes one that is not", report.Result{Status: report.KnownFailed},
			report.Result{Status: report.Failed, Reason: "no"}, Worse, 1, 1,
		},
		{
			"a MUST holds again", report.Result{Status: report.Failed, Reason: "no"},
			report.Result{Status: report.Passed}, Better, 0, 1,
		},
		{
			"holds where it begins to be judged",
			report.Result{Status: report.Observed, DidNotHold: true},
			report.Result{Status: report.Passed}, Better, 0, 1,
		},
		{
			"held before it began to be judged",
			report.Result{Status: report.Observed, Reason: outside},
			report.Result{Status: report.Passed}, Changed, 0, 1,
		},
		{
			"no longer holds where it is not judged",
			report.Result{Status: report.Observed, Reason: outside},
			report.Result{Status: report.Observed, DidNotHold: true}, Worse, 1, 1,
		},
		{
			"no longer holds, nor judged", report.Result{Status: report.Passed},
			report.Result{Status: report.Observed, DidNotHold: true}, Worse, 1, 1,
		},
		{
			"no longer holds, and was never judged",
			report.Result{Level: scenarios.Observe, Status: report.Observed},
			report.Result{Level: scenarios.Observe, Status: report.Observed, DidNotHold: true},
			Worse, 0, 1,
		},
		{
			"no longer judged", report.Result{Status: report.Passed},
			report.Result{Status: report.Skipped, Reason: "no openssl"}, Lost, 0, 1,
		},
		{
			"judged now", report.Result{Status: report.Skipped, Reason: "no openssl"},
			report.Result{Status: report.Passed}, Gained, 0, 1,
		},
		{
			"skipped here, not claimed there",
			report.Result{Status: report.Skipped, Reason: "no openssl"},
			report.Result{Status: report.NotClaimed}, "", 0, 0,
		},
		{
			"not selected in one", report.Result{Status: report.Passed},
			report.Result{Status: report.Skipped, LeftOut: true}, "", 0, 0,
		},
		{
			"an observed case that is not the first holds",
			report.Result{
				Status: report.Observed, Reason: outside,
				Cases: []report.Case{
					{Case: "a", Status: report.Observed, Reason: outside},
					{Case: "b", Status: report.Observed, DidNotHold: true},
				},
			},
			report.Result{
				Status: report.Passed,
				Cases:  []report.Case{{Case: "a", Status: report.Passed}, {Case: "b", Status: report.Passed}},
			},
			Better, 0, 1,
		},
		{
			"a further case fails",
			ofTwo(report.Failed, report.Passed),
			ofTwo(report.Failed, report.Failed),
			Worse, 1, 1,
		},
		{
			"a case fails while another passes",
			ofTwo(report.Failed, report.Passed),
			ofTwo(report.Passed, report.Failed),
			Worse, 1, 1,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := Compare(one(tt.from), one(tt.to))
			var got Trend
			if len(d.Changes) > 0 {
				got = d.Changes[0].Trend
			}
			if got != tt.trend || d.Exit(false) != tt.exit || d.Exit(true) != tt.strict {
				t.Errorf("trend %q, exit %d, strict %d; want %q, %d, %d",
					got, d.Exit(false), d.Exit(true), tt.trend, tt.exit, tt.strict)
			}
		})
	}
}

// TestCompareUnfinished checks that a run that did not finish is never compared as
// if nothing had changed.
func TestCompareUnfinished(t *testing.T) {
	t.Parallel()
	whole := one(report.Result{Status: report.Passed})
	for name, spoil := range map[string]func(*report.Report){
		"failed":      func(r *report.Report) { r.Error = "the target does not start" },
		"interrupted": func(r *report.Report) { r.Interrupted = true },
		"ended early": func(r *report.Report) { r.Stopped = "--fail-fast ended the run at A-01" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			part := one(report.Result{Status: report.Skipped, Reason: "not run"})
			spoil(part)
			for _, d := range []*Diff{Compare(whole, part), Compare(part, whole)} {
				if got := d.Exit(false); got != report.ExitTrouble || len(d.Notes) != 1 {
					t.Errorf("exit %d, notes %q; want %d and a note", got, d.Notes, report.ExitTrouble)
				}
			}
		})
	}
}

// TestCompareSkippedOnBothSides checks that the notes name what neither run tried.
func TestCompareSkippedOnBothSides(t *testing.T) {
	t.Parallel()
	side := func() *report.Report {
		r := one(report.Result{Status: report.Skipped, Reason: "no openssl"})
		r.Results = append(r.Results,
			report.Result{
				ID: "X-02", Level: scenarios.Must, Status: report.Skipped, Reason: "no openssl",
			},
			report.Result{
				ID: "X-03", Level: scenarios.Must, Status: report.Passed,
				Cases: []report.Case{
					{Case: "a", Status: report.Passed},
					{Case: "b", Status: report.Skipped, Reason: "no IPv6"},
					{Case: "c", Status: report.Skipped, LeftOut: true},
				},
			},
			report.Result{
				ID: "X-04", Level: scenarios.Must, Status: report.Skipped,
				LeftOut: true,
			},
		)
		return r
	}
	want := []string{
		"2 skipped on both sides and not compared: X-01 X-02: no openssl",
		"1 skipped on both sides and not compared: X-03/b: no IPv6",
	}
	if diff := cmp.Diff(want, Compare(side(), side()).Notes); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestCompareObservations(t *testing.T) {
	t.Parallel()
	seen := func(obs ...report.Observation) *report.Report {
		return one(report.Result{Status: report.Passed, Observations: obs})
	}
	text := func(row string, v any) report.Observation {
		return report.Observation{Kind: "error", Name: "log", Case: row, Value: v}
	}
	for _, tt := range []struct {
		name     string
		from, to *report.Report
		want     []string
	}{
		{
			"alike, in another order", seen(text("a", "1"), text("b", "2")),
			seen(text("b", "2"), text("a", "1")), nil,
		},
		{"text", seen(text("", "old")), seen(text("", "new")), []string{"- old", "+ new"}},
		{
			"list", seen(text("", []any{"x", "y", "z"})), seen(text("", []any{"x", "z", "w"})),
			[]string{"  x", "- y", "  z", "+ w"},
		},
		{
			"members", seen(text("", map[string]any{"n": 1.0, "m": true})),
			seen(text("", map[string]any{"n": 2.0, "m": true})),
			[]string{"  m: true", "- n: 1", "+ n: 2"},
		},
		{"no more", seen(text("", "old")), seen(), []string{"- old"}},
		{"for the first time", seen(), seen(text("", "new")), []string{"+ new"}},
		{
			"the second of one name", seen(text("", "1"), text("", "2")),
			seen(text("", "1"), text("", "3")), []string{"- 2", "+ 3"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, c := range Compare(tt.from, tt.to).Changes {
				for _, o := range c.Observations {
					got = append(got, o.Lines()...)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	from, to := one(report.Result{Status: report.Passed}), one(report.Result{Status: report.Passed})
	from.Target.Autocert, to.Target.Autocert = "v0.1.0", "v0.2.0"
	to.World = "loopback"
	from.Results = append(from.Results, report.Result{
		ID: "X-02", Title: "texts", Level: scenarios.Observe, Status: report.Observed,
		Observations: []report.Observation{
			{Kind: "error", Name: "log", Case: "a", Value: "old|text"},
			{Kind: "error", Name: "log", Case: "b", Value: "old|text"},
		},
	}, report.Result{
		ID: "X-03", Title: "renewal", Level: scenarios.Must, Status: report.Passed,
		Cases: []report.Case{
			{Case: "six", Status: report.Passed}, {Case: "ninety", Status: report.Passed},
		},
	})
	to.Results = append(to.Results, report.Result{
		ID: "X-02", Title: "texts", Level: scenarios.Observe, Status: report.Observed,
		Observations: []report.Observation{
			{Kind: "error", Name: "log", Case: "a", Value: "new"},
			{Kind: "error", Name: "log", Case: "b", Value: "new"},
		},
	}, report.Result{
		ID: "X-03", Title: "renewal", Level: scenarios.Must, Status: report.Failed,
		Reason: "six: a storm",
		Cases: []report.Case{
			{Case: "six", Status: report.Failed, Reason: "a storm"},
			{Case: "ninety", Status: report.Passed},
		},
	})
	d := Compare(from, to)
	text := func(b *bytes.Buffer) error { return WriteText(b, d, false) }
	markdown := func(b *bytes.Buffer) error { return WriteMarkdown(b, d) }
	for name, x := range map[string]struct {
		write func(*bytes.Buffer) error
		want  string
	}{
		"text": {text, `t · autocert v0.1.0 → v0.2.0
note  the worlds differ: namespace and loopback

WORSE    X-03  MUST  renewal
         six: passed → failed: a storm

CHANGED  X-02  OBSERVE  texts
         error log (a, b)
           - old|text
           + new

2 of 3 requirements differ: 1 worse, 1 changed
`},
		"markdown": {markdown, `## Assay: t · autocert v0.1.0 → v0.2.0

**2 of 3 requirements differ: 1 worse, 1 changed**

> the worlds differ: namespace and loopback

### worse: X-03 MUST, renewal

- six: passed → failed: a storm

### changed: X-02 OBSERVE, texts

error log (a, b)

~~~diff
- old|text
+ new
~~~

`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			if err := x.write(&b); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.ReplaceAll(x.want, "~~~", "```"), b.String()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
	var b bytes.Buffer
	var back Diff
	if err := WriteJSON(&b, d); err != nil {
		t.Fatal(err)
	}
	err := json.Unmarshal(b.Bytes(), &back)
	if err != nil || len(back.Changes) != 2 || back.Changes[0].ID != "X-03" {
		t.Errorf("read back: %v, %+v", err, back)
	}
}
