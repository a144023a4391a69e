package render

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"assay/suite/report"
	"assay/suite/report/words"
)

// Style says how [WriteVerdict] shows a report.
type Style struct {
	Color   bool   // ANSI colours
	Width   int    // columns at which prose is wrapped; 0 means 100
	Quiet   bool   // only what fails the run, and the counts
	Slowest int    // how many of the slowest requirements to list
	Dir     string // directory of the report, for the paths of evidence; may be ""

	// Printed reports whether a failure was printed before, by [WriteFailure]. The
	// verdict only lists such failures. Nil means that none was.
	Printed func(*report.Result) bool
}

// WriteVerdict writes a report as text: the target, one line for each chapter, and
// each failure in full; then, with reasons, warnings, what is not offered, known
// failures, known failures that did not apply, warnings that the target logged
// without a reason, and what was skipped. The last line is always "N passed, N
// failed, N skipped", where failed counts what fails the run, and skipped what
// the target claims and could not be judged. What the user left out of the run is
// not selected, and has a count of its own in the line before.
func WriteVerdict(w io.Writer, r *report.Report, s Style) error {
	p := &printer{Terminal: words.NewTerminal(w, s.Width, s.Color), dir: s.Dir}
	d := digestOf(r)
	if !s.Quiet {
		p.head(r)
		p.chapters(d)
	}
	p.ending(r)
	above := d.printedAbove(s.Printed)
	p.failures(d)
	p.pointUp(above, d)
	if !s.Quiet {
		p.warnings(d)
		p.notes(notOfferedTitle, d.notOffered, d.why, words.Dim)
		p.knownFailures(d.known)
		p.leftAside(r.LeftAside)
		p.notes(observedTitle, d.remarks, d.why, words.Dim)
		p.groups(unannouncedTitle, d.unannounced)
		p.groups(triedTwiceTitle, d.triedTwice)
		p.groups(skippedTitle, d.skipped)
		p.groups(notSelectedTitle, d.notSelected)
		p.groups(notClaimedTitle, d.notClaimed)
		p.limits(Limits(r))
		p.slowest(r, s.Slowest)
	}
	p.advice(r, d, s)
	p.Line("")
	if d.nothingJudged() && r.Error == "" {
		p.Line(p.Paint(words.Yellow, "Nothing was judged."))
	}
	p.Line(p.Paint(verdictColor(r, d), d.closing(r))) // not wrapped: scripts search for it
	p.Line(d.tally())
	return p.Flush()
}

// ending says that the run did not end as it should, and why.
func (p *printer) ending(r *report.Report) {
	title, incomplete := "", ": the verdict below is incomplete"
	switch {
	case r.Stopped != "":
		title = "ENDED EARLY"
	case r.Interrupted:
		title = "INTERRUPTED"
	case r.Error != "":
		title, incomplete = "THE RUN FAILED", ""
	default:
		return
	}
	p.Line("")
	p.Line(p.Paint(words.Red, title) + incomplete)
	if r.Error != "" { // it says what Stopped says
		p.Lines("  ", r.Error)
	} else {
		p.Prose("  ", r.Stopped)
	}
}

// advice says what a user can do next.
func (p *printer) advice(r *report.Report, d digest, s Style) {
	var texts []string
	if broken := d.unjudged(); len(broken) > 0 && r.Error == "" {
		texts = append(texts, fmt.Sprintf("Exit code %d, because Assay could not judge %s: %s. That "+
			"says nothing about the server.", r.Exit,
			words.Plural(len(broken), "requirement", "requirements"), group{ids: broken}.names()))
	}
	if first := d.beginWith(); first != "" && !s.Quiet {
		texts = append(texts, first)
	}
	if len(d.failures) > 0 && !s.Quiet {
		texts = append(texts, "\"assay explain "+d.failures[0].ID+"\" says why it matters, how "+
			"servers usually get it wrong, and what to do.")
	}
	if again := d.lastFailed(s.Dir); again != "" && !s.Quiet {
		texts = append(texts, "\""+again+"\" runs again what failed, warnings included.")
	}
	if r.Selection != nil && r.Selection.LastFailed != "" {
		texts = append(texts, onlyLastFailed)
	}
	for i, text := range texts {
		if i == 0 {
			p.Line("")
		}
		p.Prose("", text)
	}
}

// onlyLastFailed is said of a run with --last-failed.
const onlyLastFailed = "Only what had failed was run; run without --last-failed for the verdict."

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
	notSelectedTitle = "Not selected"
	notClaimedTitle  = "Not claimed"
)

func verdictColor(r *report.Report, d digest) words.Color {
	switch {
	case r.Exit != report.ExitOK:
		return words.Red
	case len(d.warnings) > 0:
		return words.Yellow
	default:
		return words.Green
	}
}

// printer writes the parts of a verdict.
type printer struct {
	*words.Terminal
	dir string // of the report
}

func (p *printer) head(r *report.Report) {
	title := words.Printable(strings.Join(header(r), " · "))
	for i, l := range words.Wrap(title, p.Width()-2) {
		if i == 0 {
			p.Line(p.Paint(words.Bold, l))
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
		if c.leftOut() {
			continue
		}
		mark := p.Paint(words.Green, "✓")
		switch {
		case c.Failing > 0:
			mark = p.Paint(words.Red, "✗")
		case c.NotMet+c.NotOffered > 0:
			mark = p.Paint(words.Yellow, "!")
		case c.Passed+c.Observed+c.KnownFailures == 0:
			mark = "-"
		}
		name := words.Printable(c.name)
		p.Line(fmt.Sprintf("  %s %-12s %s", mark, name, strings.Join(c.cells(), "  ")))
	}
}

// labelWidth is the width of the column of labels of a failure.
const labelWidth = 12

// failures shows in full what fails the run.
func (p *printer) failures(d digest) {
	for _, t := range d.causes {
		p.failure(t, d)
	}
}

// failure shows the first of the failures with one cause in full, and names the
// others.
func (p *printer) failure(t together, d digest) {
	p.Line("")
	if n := len(t.results); n > 1 {
		head := fmt.Sprintf("%d FAILURES  ", n)
		p.hanging(head, t.cause, words.Red, words.Bold)
	}
	x := t.results[0]
	p.hanging(heading(x), x.Title, words.Red, words.Bold)
	for _, f := range fields(x, p.dir, d.also(t)) {
		p.field(f)
	}
}

// field shows a part of a failure. Only its first line has the label.
func (p *printer) field(f field) {
	name := f.name
	for _, l := range p.layOut(f) {
		p.Line("  " + p.Paint(words.Dim, fmt.Sprintf("%-*s", labelWidth, name)) + l)
		name = ""
	}
}

// hanging writes a text after a heading, with its further lines below the first.
func (p *printer) hanging(head, text string, of, then words.Color) {
	for i, l := range words.Wrap(words.Printable(text), p.Width()-len(head)) {
		if i > 0 {
			head = strings.Repeat(" ", len(head))
		}
		p.Line(p.Paint(of, head) + p.Paint(then, l))
	}
}

// layOut returns the lines of a field.
func (p *printer) layOut(f field) []string {
	width := p.Width() - labelWidth - 2
	lines := strings.Split(strings.TrimRight(words.Printable(f.text), "\n"), "\n")
	switch f.form {
	case prose:
		return words.Wrap(strings.Join(lines, " "), width)
	case wrapped:
		var all []string
		for _, line := range lines {
			if utf8.RuneCountInString(line) <= width {
				all = append(all, line)
				continue
			}
			for i, part := range words.Wrap(line, width-2) {
				all = append(all, strings.Repeat(" ", 2*min(i, 1))+part)
			}
		}
		return all
	}
	return lines
}

// notes shows results with a line or two each.
func (p *printer) notes(
	title string, results []*report.Result, why func(*report.Result) string, color words.Color,
) {
	if len(results) == 0 {
		return
	}
	p.Line("")
	p.Line(p.Paint(color, title))
	for _, x := range results {
		p.item(x.ID+"  "+x.Title, why(x))
	}
}

// warnings shows the warnings by their causes, and one command that repeats them if they
// are few. Of those with one cause, the first one is shown and the others are named.
func (p *printer) warnings(d digest) {
	if len(d.warnings) == 0 {
		return
	}
	p.Line("")
	p.Line(p.Paint(words.Yellow, warningsTitle))
	for _, t := range byCause(d.warnings) {
		x, ids := t.results[0], t.ids()
		_, shared := d.sameAs[x.ID]
		if shared && len(ids) > 1 {
			p.item(words.Plural(len(ids), "warning", "warnings")+" "+d.why(x), t.cause)
			p.Prose("      ", strings.Join(ids, " "))
			continue
		}
		p.item(x.ID+"  "+x.Title, d.why(x))
		if path := p.evidence(x); path != "" && !shared {
			p.Line("    " + p.Paint(words.Dim, "evidence  ") + path)
		}
		if len(ids) > 1 {
			p.Prose("    ", "not met for the same cause: "+strings.Join(ids[1:], " "))
		}
	}
	if len(d.warnings) > fewWarnings {
		return
	}
	for _, command := range repeats(d.warnings) {
		p.Line("    " + p.Paint(words.Dim, "repeat    ") + words.Printable(command))
	}
}

// fewWarnings is how many warnings one command repeats that a reader can take in.
// [printer.advice] has a command for more of them.
const fewWarnings = 8

// evidence returns the directory of the files of evidence of a result; "" if there are
// none.
func (p *printer) evidence(x *report.Result) string {
	if x.Evidence == nil || x.Evidence.Dir == "" {
		return ""
	}
	return words.Printable(filepath.Join(p.dir, filepath.FromSlash(x.Evidence.Dir)))
}

func (p *printer) item(head, text string) {
	for i, l := range words.Wrap(words.Printable(head), p.Width()-4) {
		p.Line(strings.Repeat(" ", 2+2*min(i, 1)) + l)
	}
	p.Prose("    ", text)
}

func (p *printer) knownFailures(results []*report.Result) {
	if len(results) == 0 {
		return
	}
	p.Line("")
	p.Line(p.Paint(words.Bold, knownTitle))
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
	p.Line(p.Paint(words.Dim, leftAsideTitle))
	for _, e := range entries {
		p.item(e.ID+"  "+e.Reason, e.Why)
	}
}

// limits shows how near the target came to the CA's rate limits.
func (p *printer) limits(lines []string) {
	if len(lines) == 0 {
		return
	}
	p.Line("")
	p.Line(p.Paint(words.Dim, limitsTitle))
	for _, line := range lines {
		p.Prose("  ", line)
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
	p.Line(p.Paint(words.Bold, title))
	for _, g := range groups {
		p.Prose("  ", g.counted())
		if names := g.names(); names != "" {
			p.Prose("      ", names)
		}
	}
}
