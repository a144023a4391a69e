// Package diffpage shows the difference between two reports as one HTML file:
// first the verdicts that changed, then the observations, old and new side by
// side. Everything may come from the servers under test, so every text is
// hostile.
package diffpage

import (
	_ "embed" // for the parts of the page
	"html/template"
	"io"

	"assay/suite/internal/page"
	"assay/suite/report"
	"assay/suite/report/diff"
	"assay/suite/report/words"
)

var (
	//go:embed assets/diff.html
	diffHTML string
	//go:embed assets/diff.css
	diffCSS string
)

var diffTemplate = page.Template(diffHTML,
	template.FuncMap{"anchor": func(id string) string { return "x-c-" + id }})

// view holds what the template shows.
type view struct {
	Title, Closing string
	Accent, Symbol string
	Notes          []string
	OpenNotes      bool // the notes are shown without being asked for
	From, To       diff.Run
	Parts          []part
}

// A part holds the changes of one kind: of verdicts, or of observations alone.
type part struct {
	Title   string
	Changes []change
}

// change is a change of one requirement.
type change struct {
	*diff.Change
	Accent   string
	Verdicts []verdict
	Groups   []group
}

// verdict is a verdict that differs.
type verdict struct {
	Case     string
	From, To state
}

// state is a verdict of one of the runs.
type state struct {
	Kind   page.Kind
	Absent bool // the run does not have the requirement or case
	Broken bool // an assertion failed in a verdict that does not say so
	Reason string
}

// group is a change of an observation.
type group struct {
	diff.Group
	More int // lines that the page leaves out
}

// accents are the classes of the trends.
var accents = map[diff.Trend]string{
	diff.Worse:   "bad",
	diff.Lost:    "warn",
	diff.Changed: "info",
	diff.Gained:  "info",
	diff.Better:  "good",
}

// fewNotes is the number of notes that do not push the changes out of sight.
const fewNotes = 2

// limits are how much of each change a page shows.
type limits struct{ lines, text int }

var ladder = []limits{{400, 4000}, {60, 1000}, {8, 300}, {0, 100}}

// Write writes the page of a difference. It leaves out lines, so that a browser can
// open the page.
func Write(w io.Writer, d *diff.Diff) error {
	return page.Fit(w, ladder, func(w io.Writer, l limits) error {
		v := newView(page.Clean(*d, 4*l.text), l)
		f := page.Frame{
			Title: "Assay: " + v.Title, Good: v.Accent == "good", Style: diffCSS, Data: v,
		}
		return f.Write(w, diffTemplate)
	})
}

func newView(d diff.Diff, l limits) *view {
	v := &view{
		Title: d.Title(), Closing: d.Closing(), Notes: d.Notes, From: d.From, To: d.To,
		Accent: "good", Symbol: "passed", OpenNotes: d.Unfinished || len(d.Notes) <= fewNotes,
	}
	switch {
	case d.Exit(false) == report.ExitFailed:
		v.Accent, v.Symbol = "bad", "failed"
	case d.Unfinished:
		v.Accent, v.Symbol = "warn", "error"
	case len(d.Changes) > 0:
		v.Accent, v.Symbol = "info", "observed"
	}
	verdicts := part{Title: "Verdicts that changed"}
	others := part{Title: "Observations that changed"}
	for i := range d.Changes {
		c := newChange(&d.Changes[i], l)
		if len(c.Verdicts) > 0 {
			verdicts.Changes = append(verdicts.Changes, c)
		} else {
			others.Changes = append(others.Changes, c)
		}
	}
	for _, p := range []part{verdicts, others} {
		if len(p.Changes) > 0 {
			v.Parts = append(v.Parts, p)
		}
	}
	return v
}

func newChange(c *diff.Change, l limits) change {
	out := change{Change: c, Accent: accents[c.Trend]}
	for _, x := range c.Verdicts() {
		out.Verdicts = append(out.Verdicts, verdict{x.Case, newState(c, x.From, l), newState(c, x.To, l)})
	}
	for _, g := range c.Groups() {
		shown := group{Group: g}
		if n := len(g.Lines); n > l.lines {
			shown.Lines, shown.More = g.Lines[:l.lines], n-l.lines
		}
		for i := range shown.Lines {
			s := &shown.Lines[i]
			s.Old, s.New = words.Cut(s.Old, l.text), words.Cut(s.New, l.text)
		}
		out.Groups = append(out.Groups, shown)
	}
	return out
}

func newState(c *diff.Change, v diff.Verdict, l limits) state {
	if v.Status == "" {
		return state{Absent: true}
	}
	return state{
		Kind:   page.KindOf(&report.Result{Status: v.Status, Level: c.Level}, false),
		Broken: v.Broken && v.Status == report.Observed, Reason: words.Cut(v.Reason, l.text),
	}
}
