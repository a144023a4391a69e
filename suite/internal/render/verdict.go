package render

import (
	"fmt"
	"io"
	"strings"

	"assay/scenarios"
	"assay/suite/internal/words"
	"assay/suite/report"
)

// Style says how [WriteVerdict] shows a report.
type Style struct {
	Color bool   // ANSI colours
	Width int    // columns at which prose is wrapped; 0 means 100
	Quiet bool   // only what fails the run, and the counts
	Dir   string // directory of the report, for the paths of evidence; may be ""
}

// WriteVerdict writes a report as text: the target, one line for each chapter, and
// each failure in full; then, with reasons, warnings, what is not offered, known
// failures, known failures that did not apply, warnings that the target logged
// without a reason, and what was skipped. The last line is always "N passed, N
// failed, N skipped", where failed counts what fails the run, and skipped what
// the target claims and could not be judged.
func WriteVerdict(w io.Writer, r *report.Report, s Style) error {
	p := &printer{Terminal: NewTerminal(w, s.Width, s.Color), dir: s.Dir}
	d := digestOf(r)
	if !s.Quiet {
		p.head(r)
		p.chapters(d)
	}
	if r.Error != "" {
		p.Line("")
		p.Line(p.Paint(Red, "THE RUN FAILED"))
		p.Lines("  ", r.Error)
	}
	if r.Interrupted {
		p.Line("")
		p.Line(p.Paint(Red, "INTERRUPTED") + ": the verdict below is incomplete")
	}
	for _, x := range d.failures {
		p.failure(x)
	}
	if !s.Quiet {
		p.notes(warningsTitle, d.warnings, Yellow)
		p.notes(notOfferedTitle, d.notOffered, Dim)
		p.knownFailures(d.known)
		p.leftAside(r.LeftAside)
		p.notes(observedTitle, d.remarks, Dim)
		p.groups(unannouncedTitle, d.unannounced)
		p.groups(triedTwiceTitle, d.triedTwice)
		p.groups(skippedTitle, d.skipped)
		p.groups(notClaimedTitle, d.notClaimed)
	}
	p.Line("")
	if d.nothingJudged() && r.Error == "" {
		p.Line(p.Paint(Yellow, "Nothing was judged."))
	}
	p.Line(p.Paint(verdictColor(r, d), d.closing(r))) // not wrapped: scripts search for it
	p.Line(d.tally())
	return p.Flush()
}

// The titles of the parts of a verdict.
const (
	warningsTitle    = "Warnings (SHOULD)"
	notOfferedTitle  = "Not offered (MAY)"
	knownTitle       = "Known failures"
	leftAsideTitle   = "Known failures that did not apply"
	observedTitle    = "Observed, not judged"
	unannouncedTitle = "Warnings at start that no spec announced"
	triedTwiceTitle  = "Tried twice"
	skippedTitle     = "Skipped"
	notClaimedTitle  = "Not claimed"
)

func verdictColor(r *report.Report, d digest) Color {
	switch {
	case r.Exit != report.ExitOK:
		return Red
	case len(d.warnings) > 0:
		return Yellow
	default:
		return Green
	}
}

// printer writes the parts of a verdict.
type printer struct {
	*Terminal
	dir string // of the report
}

func (p *printer) head(r *report.Report) {
	title := words.Printable(strings.Join(header(r), " · "))
	for i, l := range words.Wrap(title, p.width-2) {
		if i == 0 {
			p.Line(p.Paint(Bold, l))
		} else {
			p.Line("  " + l)
		}
	}
	if r.WorldReason != "" {
		p.Prose("  ", r.WorldReason)
	}
}

func (p *printer) chapters(d digest) {
	if len(d.chapters) == 0 {
		return
	}
	p.Line("")
	for _, c := range d.chapters {
		mark := p.Paint(Green, "✓")
		switch {
		case c.failed > 0:
			mark = p.Paint(Red, "✗")
		case c.warned > 0:
			mark = p.Paint(Yellow, "!")
		case c.counts[report.Passed]+c.counts[report.Observed]+c.counts[report.KnownFailed] == 0:
			mark = "-"
		}
		name := words.Printable(c.name)
		p.Line(fmt.Sprintf("  %s %-12s %s", mark, name, strings.Join(c.cells(), "  ")))
	}
}

// labelWidth is the width of the column of labels of a failure.
const labelWidth = 12

// failure shows one result in full.
func (p *printer) failure(x *report.Result) {
	p.Line("")
	head := fmt.Sprintf("%s  %s  %s  ", label(x), x.ID, x.Level)
	for i, l := range words.Wrap(words.Printable(x.Title), p.width-len(head)) {
		if i > 0 {
			head = strings.Repeat(" ", len(head))
		}
		p.Line(p.Paint(Red, head) + p.Paint(Bold, l))
	}
	for _, f := range fields(x, p.dir) {
		name := f.name
		lines := strings.Split(strings.TrimRight(words.Printable(f.text), "\n"), "\n")
		if f.prose {
			lines = words.Wrap(strings.Join(lines, " "), p.width-labelWidth-2)
		}
		for _, l := range lines {
			p.Line("  " + p.Paint(Dim, fmt.Sprintf("%-*s", labelWidth, name)) + l)
			name = ""
		}
	}
}

// notes shows results with a line or two each.
func (p *printer) notes(title string, results []*report.Result, color Color) {
	if len(results) == 0 {
		return
	}
	p.Line("")
	p.Line(p.Paint(color, title))
	for _, x := range results {
		text := x.Reason
		if e := x.Evidence; e != nil && x.Level == scenarios.Should {
			text = words.Join("\n", text, e.Repeat)
		}
		p.item(x.ID+"  "+x.Title, text)
	}
}

func (p *printer) item(head, text string) {
	for i, l := range words.Wrap(words.Printable(head), p.width-4) {
		p.Line(strings.Repeat(" ", 2+2*min(i, 1)) + l)
	}
	p.Prose("    ", text)
}

func (p *printer) knownFailures(results []*report.Result) {
	if len(results) == 0 {
		return
	}
	p.Line("")
	p.Line(p.Paint(Bold, knownTitle))
	for _, x := range results {
		text := "seen: " + x.Reason
		if k := x.KnownFailure; k != nil {
			text = words.Join("\n",
				words.Join(" · ", k.Reason, k.Link, until(k.Until)), k.Note, text)
		}
		p.item(x.ID+"  "+x.Title, text)
	}
}

// leftAside shows the known failures that did not apply, each with the reason.
func (p *printer) leftAside(entries []report.LeftAside) {
	if len(entries) == 0 {
		return
	}
	p.Line("")
	p.Line(p.Paint(Dim, leftAsideTitle))
	for _, e := range entries {
		p.item(e.ID+"  "+e.Reason, e.Why)
	}
}

func until(day string) string {
	if day == "" {
		return ""
	}
	return "until " + day
}

// groups shows what has the same reason.
func (p *printer) groups(title string, groups []group) {
	if len(groups) == 0 {
		return
	}
	p.Line("")
	p.Line(p.Paint(Bold, title))
	for _, g := range groups {
		p.Prose("  ", fmt.Sprintf("%d × %s", len(g.ids), g.reason))
		if names := g.names(); names != "" {
			p.Prose("      ", names)
		}
	}
}
