package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Style says how a verdict looks.
type Style struct {
	Color bool   // ANSI colours
	Width int    // columns at which prose is wrapped; 0 is 100
	Quiet bool   // only what fails the run, and the counts
	Dir   string // directory of the report, for the paths of evidence; may be ""
}

// WriteVerdict shows a report to a person: what was judged; a line for each
// chapter; each failure in full; warnings, what is not offered, known failures,
// what the target warned of unasked and what was skipped, with reasons. The last line is always the plain
// "N passed, N failed, N skipped", where failed is what fails the run and
// skipped is what the target claims but could not be judged.
func WriteVerdict(w io.Writer, r *Report, s Style) error {
	if s.Width <= 0 {
		s.Width = 100
	}
	p := &printer{w: bufio.NewWriter(w), Style: s}
	d := digestOf(r)
	if !s.Quiet {
		p.head(r)
		p.chapters(d)
	}
	if r.Error != "" {
		p.line("")
		p.line(p.paint(red, "THE RUN FAILED"))
		p.block("  ", r.Error, false)
	}
	if r.Interrupted {
		p.line("")
		p.line(p.paint(red, "INTERRUPTED") + ": what follows is not the whole verdict")
	}
	for _, x := range d.failures {
		p.failure(x)
	}
	if !s.Quiet {
		p.notes("Warnings (SHOULD)", d.warnings, yellow)
		p.notes("Not offered (MAY)", d.notOffered, dim)
		p.knownFailures(d.known)
		p.notes("Observed, not judged", d.remarks, dim)
		p.groups("Warnings at start that no spec announced", d.noticed)
		p.groups("Skipped", d.skipped)
		p.groups("Not claimed", d.notClaimed)
	}
	p.line("")
	if d.passed+len(d.failures)+len(d.warnings)+len(d.notOffered)+len(d.known)+d.observed == 0 && r.Error == "" {
		p.line(p.paint(yellow, "Nothing was judged."))
	}
	p.line(p.paint(verdictColor(r, d), d.closing(r))) // one line: scripts look for it
	p.line(d.tally())
	return p.w.Flush()
}

const (
	red    = "31;1"
	green  = "32"
	yellow = "33"
	dim    = "2"
	bold   = "1"
)

func verdictColor(r *Report, d digest) string {
	switch {
	case r.Exit != ExitOK:
		return red
	case len(d.warnings) > 0:
		return yellow
	default:
		return green
	}
}

// printer writes lines; the first error of the writer is kept by bufio.
type printer struct {
	w *bufio.Writer
	Style
}

func (p *printer) line(s string) { fmt.Fprintln(p.w, strings.TrimRight(s, " ")) }

func (p *printer) paint(color, s string) string {
	if !p.Color || s == "" {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

// block prints a text with an indentation; prose is wrapped, anything else is
// kept line by line.
func (p *printer) block(indent, text string, flow bool) {
	for line := range strings.Lines(speakable(text)) {
		line = strings.TrimRight(line, "\n")
		if !flow {
			p.line(indent + line)
			continue
		}
		for _, l := range wrapText(line, p.Width-len(indent)) {
			p.line(indent + l)
		}
	}
}

func (p *printer) head(r *Report) {
	for i, l := range wrapText(speakable(strings.Join(header(r), " · ")), p.Width-2) {
		if i == 0 {
			p.line(p.paint(bold, l))
		} else {
			p.line("  " + l)
		}
	}
	if r.WorldReason != "" {
		p.block("  ", r.WorldReason, true)
	}
}

func (p *printer) chapters(d digest) {
	if len(d.chapters) == 0 {
		return
	}
	p.line("")
	for _, c := range d.chapters {
		mark := p.paint(green, "✓")
		switch {
		case c.failed > 0:
			mark = p.paint(red, "✗")
		case c.warned > 0:
			mark = p.paint(yellow, "!")
		case c.counts[Passed]+c.counts[Observed]+c.counts[KnownFailed] == 0:
			mark = "-"
		}
		p.line(fmt.Sprintf("  %s %-12s %s", mark, speakable(c.name), strings.Join(c.cells(), "  ")))
	}
}

// labelWidth is the width of the label column of a failure.
const labelWidth = 12

// failure shows one result in full.
func (p *printer) failure(x *Result) {
	p.line("")
	head := fmt.Sprintf("%s  %s  %s  ", x.label(), x.ID, x.Level)
	for i, l := range wrapText(speakable(x.Title), p.Width-len(head)) {
		if i > 0 {
			head = strings.Repeat(" ", len(head))
		}
		p.line(p.paint(red, head) + p.paint(bold, l))
	}
	for _, f := range x.fields(p.Dir) {
		name := f.name
		lines := strings.Split(strings.TrimRight(speakable(f.text), "\n"), "\n")
		if f.flow {
			lines = wrapText(strings.Join(lines, " "), p.Width-labelWidth-2)
		}
		for _, l := range lines {
			p.line("  " + p.paint(dim, fmt.Sprintf("%-*s", labelWidth, name)) + l)
			name = ""
		}
	}
}

// notes shows results with a line or two each.
func (p *printer) notes(title string, results []*Result, color string) {
	if len(results) == 0 {
		return
	}
	p.line("")
	p.line(p.paint(color, title))
	for _, x := range results {
		text := x.Reason
		if e := x.Evidence; e != nil && x.Level == Should {
			text = joinLines(text, e.Repeat)
		}
		p.item(x.ID+"  "+x.Title, text)
	}
}

func (p *printer) item(head, text string) {
	for i, l := range wrapText(speakable(head), p.Width-4) {
		p.line(strings.Repeat(" ", 2+2*min(i, 1)) + l)
	}
	p.block("    ", text, true)
}

func (p *printer) knownFailures(results []*Result) {
	if len(results) == 0 {
		return
	}
	p.line("")
	p.line(p.paint(bold, "Known failures"))
	for _, x := range results {
		text := "seen: " + x.Reason
		if k := x.KnownFailure; k != nil {
			text = joinWords(" · ", k.Reason, k.Link, until(k.Until)) + "\n" + text
		}
		p.item(x.ID+"  "+x.Title, text)
	}
}

func until(day string) string {
	if day == "" {
		return ""
	}
	return "until " + day
}

// groups shows what shares a reason. Of what was left out on request the
// number is enough; everything else is named.
func (p *printer) groups(title string, groups []group) {
	if len(groups) == 0 {
		return
	}
	p.line("")
	p.line(p.paint(bold, title))
	for _, g := range groups {
		p.block("  ", fmt.Sprintf("%d × %s", len(g.ids), g.reason), true)
		if where := g.where(); where != "" {
			p.block("      ", where, true)
		}
	}
}

// where lists what shares the reason; nothing where it was asked for, a few
// where more of them would say no more.
func (g group) where() string {
	const few = 6
	switch {
	case strings.HasPrefix(g.reason, "not selected"), strings.HasPrefix(g.reason, "the target does not claim"):
		return ""
	case g.noticed && len(g.ids) > few:
		return strings.Join(g.ids[:few], " ") + " …"
	}
	return strings.Join(g.ids, " ")
}

// wrapText breaks a line at spaces so that it fits in width columns; longer
// words stay whole, so that paths and commands can be copied.
func wrapText(s string, width int) []string {
	var lines []string
	var cur []string
	n := 0
	for _, word := range strings.Fields(s) {
		k := len([]rune(word))
		if n > 0 && n+1+k > width {
			lines = append(lines, strings.Join(cur, " "))
			cur, n = nil, 0
		}
		if n > 0 {
			n++
		}
		cur, n = append(cur, word), n+k
	}
	return slices.Concat(lines, []string{strings.Join(cur, " ")})
}
