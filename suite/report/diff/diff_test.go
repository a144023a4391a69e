package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// one is a report of a single requirement.
func one(x Result) *Report {
	x.ID, x.Title = "X-01", "a promise"
	if x.Level == "" {
		x.Level = Must
	}
	return &Report{Schema: Schema, Target: Target{Name: "t"}, World: "namespace", Results: []Result{x}}
}

func TestCompareVerdicts(t *testing.T) {
	t.Parallel()
	const outside, broken = "autocert v0.1.0 is outside the range", "autocert v0.1.0 is outside the range; does not hold: no"
	for _, tt := range []struct {
		name         string
		from, to     Result
		trend        Trend // "" if nothing differs
		exit, strict int
	}{
		{"alike", Result{Status: Passed}, Result{Status: Passed}, "", 0, 0},
		{"alike but for the time it took", Result{Status: Failed, Reason: "port 1", DurationMS: 1}, Result{Status: Failed, Reason: "port 2", DurationMS: 2}, "", 0, 0},
		{"a MUST fails", Result{Status: Passed}, Result{Status: Failed, Reason: "no"}, Worse, 1, 1},
		{"a MUST that was skipped fails", Result{Status: Skipped, Reason: "no openssl"}, Result{Status: Failed, Reason: "no"}, Worse, 1, 1},
		{"a SHOULD fails", Result{Level: Should, Status: Passed}, Result{Level: Should, Status: Failed, Reason: "no"}, Worse, 0, 1},
		{"a MUST errs", Result{Status: Passed}, Result{Status: Error, Reason: "no CA"}, Worse, 1, 1},
		{"a MUST fails as the target says", Result{Status: Passed}, Result{Status: KnownFailed, Reason: "no"}, Worse, 0, 1},
		{"a known failure becomes one that is not", Result{Status: KnownFailed}, Result{Status: Failed, Reason: "no"}, Worse, 1, 1},
		{"a MUST holds again", Result{Status: Failed, Reason: "no"}, Result{Status: Passed}, Better, 0, 1},
		{"holds where it begins to be judged", Result{Status: Observed, Reason: broken}, Result{Status: Passed}, Better, 0, 1},
		{"held before it began to be judged", Result{Status: Observed, Reason: outside}, Result{Status: Passed}, Changed, 0, 1},
		{"no longer holds where it is not judged", Result{Status: Observed, Reason: outside}, Result{Status: Observed, Reason: broken}, Worse, 1, 1},
		{"no longer holds, nor judged", Result{Status: Passed}, Result{Status: Observed, Reason: broken}, Worse, 1, 1},
		{"no longer holds, and was never judged", Result{Level: Observe, Status: Observed}, Result{Level: Observe, Status: Observed, Reason: broken}, Worse, 0, 1},
		{"no longer judged", Result{Status: Passed}, Result{Status: Skipped, Reason: "no openssl"}, Lost, 0, 1},
		{"judged now", Result{Status: Skipped, Reason: "no openssl"}, Result{Status: Passed}, Gained, 0, 1},
		{"skipped here, not claimed there", Result{Status: Skipped, Reason: "no openssl"}, Result{Status: NotClaimed}, "", 0, 0},
		{"not selected in one", Result{Status: Passed}, Result{Status: Skipped, Reason: "not selected (--only Y-01)"}, "", 0, 0},
		{
			"an observed case that is not the first holds",
			Result{Status: Observed, Reason: outside, Cases: []Case{{Case: "a", Status: Observed, Reason: outside}, {Case: "b", Status: Observed, Reason: broken}}},
			Result{Status: Passed, Cases: []Case{{Case: "a", Status: Passed}, {Case: "b", Status: Passed}}},
			Better, 0, 1,
		},
		{
			"a further case fails",
			Result{Status: Failed, Cases: []Case{{Case: "a", Status: Failed, Reason: "no"}, {Case: "b", Status: Passed}}},
			Result{Status: Failed, Cases: []Case{{Case: "a", Status: Failed, Reason: "no"}, {Case: "b", Status: Failed, Reason: "no"}}},
			Worse, 1, 1,
		},
		{
			"a case fails while another passes",
			Result{Status: Failed, Cases: []Case{{Case: "a", Status: Failed, Reason: "no"}, {Case: "b", Status: Passed}}},
			Result{Status: Failed, Cases: []Case{{Case: "a", Status: Passed}, {Case: "b", Status: Failed, Reason: "no"}}},
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
				t.Errorf("trend %q, exit %d, strict %d; want %q, %d, %d", got, d.Exit(false), d.Exit(true), tt.trend, tt.exit, tt.strict)
			}
		})
	}
}

// A run that did not come to its end says nothing of the target, least of all
// that all is well.
func TestCompareUnfinished(t *testing.T) {
	t.Parallel()
	whole := one(Result{Status: Passed})
	for name, spoil := range map[string]func(*Report){
		"failed":      func(r *Report) { r.Error = "the target does not start" },
		"interrupted": func(r *Report) { r.Interrupted = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			part := one(Result{Status: Skipped, Reason: "not run"})
			spoil(part)
			for _, d := range []*Diff{Compare(whole, part), Compare(part, whole)} {
				if got := d.Exit(false); got != ExitTrouble || len(d.Notes) != 1 {
					t.Errorf("exit %d, notes %q; want %d and a note", got, d.Notes, ExitTrouble)
				}
			}
		})
	}
}

// What neither run tried is named, or no difference would read as alike.
func TestCompareSkippedOnBothSides(t *testing.T) {
	t.Parallel()
	side := func() *Report {
		r := one(Result{Status: Skipped, Reason: "no openssl"})
		r.Results = append(r.Results,
			Result{ID: "X-02", Level: Must, Status: Skipped, Reason: "no openssl"},
			Result{ID: "X-03", Level: Must, Status: Passed, Cases: []Case{
				{Case: "a", Status: Passed}, {Case: "b", Status: Skipped, Reason: "no IPv6"}, {Case: "c", Status: Skipped, Reason: notSelected("--skip X-03/c")},
			}},
			Result{ID: "X-04", Level: Must, Status: Skipped, Reason: notSelected("--skip X-04")},
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
	seen := func(obs ...Observation) *Report { return one(Result{Status: Passed, Observations: obs}) }
	text := func(row string, v any) Observation {
		return Observation{Kind: "error", Name: "log", Case: row, Value: v}
	}
	for _, tt := range []struct {
		name     string
		from, to *Report
		want     []string
	}{
		{"alike, in another order", seen(text("a", "1"), text("b", "2")), seen(text("b", "2"), text("a", "1")), nil},
		{"numbers alike, however typed", seen(text("", 2)), seen(text("", 2.0)), nil},
		{"text", seen(text("", "old")), seen(text("", "new")), []string{"- old", "+ new"}},
		{"list", seen(text("", []any{"x", "y", "z"})), seen(text("", []any{"x", "z", "w"})), []string{"  x", "- y", "  z", "+ w"}},
		{"members", seen(text("", map[string]any{"n": 1.0, "m": true})), seen(text("", map[string]any{"n": 2.0, "m": true})), []string{"  m: true", "- n: 1", "+ n: 2"}},
		{"no more", seen(text("", "old")), seen(), []string{"- old"}},
		{"for the first time", seen(), seen(text("", "new")), []string{"+ new"}},
		{"the second of one name", seen(text("", "1"), text("", "2")), seen(text("", "1"), text("", "3")), []string{"- 2", "+ 3"}},
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

func TestWriteDiff(t *testing.T) {
	t.Parallel()
	from, to := one(Result{Status: Passed}), one(Result{Status: Passed})
	from.Target.Autocert, to.Target.Autocert = "v0.1.0", "v0.2.0"
	to.World = "loopback"
	from.Results = append(from.Results, Result{
		ID: "X-02", Title: "texts", Level: Observe, Status: Observed,
		Observations: []Observation{{Kind: "error", Name: "log", Case: "a", Value: "old|text"}, {Kind: "error", Name: "log", Case: "b", Value: "old|text"}},
	}, Result{
		ID: "X-03", Title: "renewal", Level: Must, Status: Passed,
		Cases: []Case{{Case: "six", Status: Passed}, {Case: "ninety", Status: Passed}},
	})
	to.Results = append(to.Results, Result{
		ID: "X-02", Title: "texts", Level: Observe, Status: Observed,
		Observations: []Observation{{Kind: "error", Name: "log", Case: "a", Value: "new"}, {Kind: "error", Name: "log", Case: "b", Value: "new"}},
	}, Result{
		ID: "X-03", Title: "renewal", Level: Must, Status: Failed, Reason: "six: a storm",
		Cases: []Case{{Case: "six", Status: Failed, Reason: "a storm"}, {Case: "ninety", Status: Passed}},
	})
	d := Compare(from, to)
	for name, x := range map[string]struct {
		write func(*bytes.Buffer) error
		want  string
	}{
		"text": {func(b *bytes.Buffer) error { return WriteDiff(b, d, Style{}) }, `t · autocert v0.1.0 → v0.2.0
note  the worlds differ: namespace and loopback

WORSE    X-03  MUST  renewal
         six: passed → failed: a storm

CHANGED  X-02  OBSERVE  texts
         error log (a, b)
           - old|text
           + new

2 of 3 requirements differ: 1 worse, 1 changed
`},
		"markdown": {func(b *bytes.Buffer) error { return WriteDiffMarkdown(b, d) }, `## Assay: t · autocert v0.1.0 → v0.2.0

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
	if err := WriteDiffJSON(&b, d); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b.Bytes(), &back); err != nil || len(back.Changes) != 2 || back.Changes[0].ID != "X-03" {
		t.Errorf("read back: %v, %+v", err, back)
	}
}
