package diff

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"assay/suite/internal/render"
	"assay/suite/internal/words"
	"assay/suite/report"
)

// WriteText shows a difference as text for a terminal, worst change first, with
// ANSI colours if color is set. The last line counts the changes.
func WriteText(w io.Writer, d *Diff, color bool) error {
	t := render.NewTerminal(w, 0, color)
	t.Line(t.Paint(render.Bold, words.Printable(d.title())))
	for _, note := range d.Notes {
		t.Line(t.Paint(render.Yellow, "note  ") + words.Printable(note))
	}
	for i := range d.Changes {
		printChange(t, &d.Changes[i])
	}
	t.Line("")
	t.Line(t.Paint(d.color(), d.closing()))
	return t.Flush()
}

func printChange(t *render.Terminal, c *Change) {
	const indent = "         "
	t.Line("")
	t.Line(t.Paint(c.color(), fmt.Sprintf("%-9s", strings.ToUpper(string(c.Trend)))) +
		t.Paint(render.Bold, words.Printable(c.ID)) +
		"  " + string(c.Level) + "  " + words.Printable(c.Title))
	for _, v := range c.shown() {
		t.Prose(indent, v.String())
	}
	for _, g := range grouped(c.Observations) {
		t.Prose(indent, g.title())
		for _, line := range g.Lines() {
			t.Line(indent + "  " + t.Paint(lineColor(line), line))
		}
	}
}

func lineColor(line string) render.Color {
	switch line[0] {
	case '-':
		return render.Red
	case '+':
		return render.Green
	}
	return ""
}

// shown returns the verdicts to show: that of the requirement only if none of its
// cases differs.
func (c *Change) shown() []VerdictChange {
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

// title names the two runs. What they share is named once; what differs is joined
// by an arrow.
func (d *Diff) title() string {
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

// closing counts the changes.
func (d *Diff) closing() string {
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

func (d *Diff) color() render.Color {
	switch {
	case d.Exit(false) != report.ExitOK:
		return render.Red
	case len(d.Changes) > 0:
		return render.Yellow
	}
	return render.Green
}

func (c *Change) color() render.Color {
	switch c.Trend {
	case Worse:
		return render.Red
	case Better, Gained:
		return render.Green
	}
	return render.Yellow
}
