package diff

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"assay/suite/report"
	"assay/suite/report/words"
)

// WriteText shows a difference as text for a terminal, worst change first, with
// ANSI colours if color is set. The last line counts the changes.
func WriteText(w io.Writer, d *Diff, color bool) error {
	t := words.NewTerminal(w, 0, color)
	t.Line(t.Paint(words.Bold, words.Printable(d.Title())))
	for _, note := range d.Notes {
		t.Line(t.Paint(words.Yellow, "note  ") + words.Printable(note))
	}
	for i := range d.Changes {
		printChange(t, &d.Changes[i])
	}
	t.Line("")
	t.Line(t.Paint(d.color(), d.Closing()))
	return t.Flush()
}

func printChange(t *words.Terminal, c *Change) {
	const indent = "         "
	t.Line("")
	t.Line(t.Paint(c.color(), fmt.Sprintf("%-9s", strings.ToUpper(string(c.Trend)))) +
		t.Paint(words.Bold, words.Printable(c.ID)) +
		"  " + string(c.Level) + "  " + words.Printable(c.Title))
	for _, v := range c.Verdicts() {
		t.Prose(indent, v.String())
	}
	for _, g := range grouped(c.Observations) {
		t.Prose(indent, g.title())
		for _, line := range g.Lines() {
			t.Line(indent + "  " + t.Paint(lineColor(line), line))
		}
	}
}

func lineColor(line string) words.Color {
	switch line[0] {
	case '-':
		return words.Red
	case '+':
		return words.Green
	}
	return ""
}

// Verdicts returns the verdicts that differ: those of the cases, and that of the
// requirement only if none of its cases differs.
func (c *Change) Verdicts() []VerdictChange {
	if c.Verdict != nil && len(c.Cases) == 0 {
		return []VerdictChange{*c.Verdict}
	}
	return c.Cases
}

// String returns the change on one line: "6-days: passed → failed: reason".
func (v VerdictChange) String() string {
	text := v.From.word() + " → " + v.To.word()
	if v.Case != "" {
		text = v.Case + ": " + text
	}
	reason := v.To.Reason
	if !v.To.Broken && v.From.Broken {
		reason = "before: " + v.From.Reason
	}
	if reason != "" {
		text += ": " + reason
	}
	return words.Printable(text)
}

func (v Verdict) word() string {
	switch {
	case v.Status == "":
		return "not there"
	case v.Status == report.Observed && v.Broken:
		return "observed not to hold"
	}
	return string(v.Status)
}

// Title names the two runs. What they share is named once; what differs is joined
// by an arrow.
func (d *Diff) Title() string {
	arrow := func(a, b string) string {
		if a == b {
			return a
		}
		const unknown = "(version unknown)"
		return cmp.Or(a, unknown) + " → " + cmp.Or(b, unknown)
	}
	title := strings.TrimSpace(
		arrow(d.From.Target, d.To.Target) + " " + arrow(d.From.Version, d.To.Version))
	if d.From.Autocert+d.To.Autocert != "" {
		title += " · autocert " + arrow(d.From.Autocert, d.To.Autocert)
	}
	return title
}

// Closing counts the changes in one sentence.
func (d *Diff) Closing() string {
	if len(d.Changes) == 0 {
		return fmt.Sprintf("no difference: %d requirements alike", d.Alike)
	}
	counts := map[Trend]int{}
	for _, c := range d.Changes {
		counts[c.Trend]++
	}
	var parts []string
	for _, t := range trends {
		if counts[t] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[t], t))
		}
	}
	return fmt.Sprintf("%d of %d requirements differ: %s",
		len(d.Changes), len(d.Changes)+d.Alike, strings.Join(parts, ", "))
}

func (d *Diff) color() words.Color {
	switch {
	case d.Exit(false) != report.ExitOK:
		return words.Red
	case len(d.Changes) > 0:
		return words.Yellow
	}
	return words.Green
}

func (c *Change) color() words.Color {
	switch c.Trend {
	case Worse:
		return words.Red
	case Better, Gained:
		return words.Green
	}
	return words.Yellow
}
