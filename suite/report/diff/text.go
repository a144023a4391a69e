package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// WriteDiff shows a person what differs between two reports, worst first. The
// last line counts.
func WriteDiff(w io.Writer, d *Diff, s Style) error {
	if s.Width <= 0 {
		s.Width = 100
	}
	p := &printer{w: bufio.NewWriter(w), Style: s}
	p.line(p.paint(bold, speakable(d.title())))
	for _, note := range d.Notes {
		p.line(p.paint(yellow, "note  ") + speakable(note))
	}
	for i := range d.Changes {
		p.change(&d.Changes[i])
	}
	p.line("")
	p.line(p.paint(d.color(), d.closing()))
	return p.w.Flush()
}

func (p *printer) change(c *Change) {
	p.line("")
	p.line(p.paint(c.color(), fmt.Sprintf("%-9s", strings.ToUpper(string(c.Trend)))) +
		p.paint(bold, speakable(c.ID)) + "  " + string(c.Level) + "  " + speakable(c.Title))
	for _, t := range c.turns() {
		p.block("         ", t.String(), true)
	}
	changes, rows := alike(c.Observations)
	for i, o := range changes {
		p.block("         ", observed(o, rows[i]), true)
		for _, line := range o.Lines() {
			color := ""
			switch line[0] {
			case '-':
				color = red
			case '+':
				color = green
			}
			if color != "" {
				line = p.paint(color, line)
			}
			p.line("           " + line)
		}
	}
}

// turns are the verdicts to show: that of the requirement only where it has no
// cases, or none of them differs.
func (c *Change) turns() []Turn {
	if c.Verdict != nil && len(c.Cases) == 0 {
		return []Turn{*c.Verdict}
	}
	return c.Cases
}

// String is the turn on one line: "6-days: passed → failed: reason".
func (t Turn) String() string {
	text := t.From.word() + " → " + t.To.word()
	if t.Case != "" {
		text = t.Case + ": " + text
	}
	reason := t.To.Reason
	if !t.To.Broken && t.From.Broken {
		reason = "before: " + t.From.Reason
	}
	if reason != "" {
		text += ": " + reason
	}
	return speakable(text)
}

func (s Stand) word() string {
	switch {
	case s.Status == "":
		return "not there"
	case s.Status == Observed && s.Broken:
		return "observed not to hold"
	case s.Status == Observed:
		return "observed"
	}
	return string(s.Status)
}

// observed names an observation: "schedule renewals (6-days, 45-days)".
func observed(o ObservationChange, rows []string) string {
	text := o.Kind + " " + o.Name
	if len(rows) > 0 {
		text += " (" + strings.Join(rows, ", ") + ")"
	}
	return speakable(text)
}

// title names the two sides: what they share once, what differs with an arrow.
func (d *Diff) title() string {
	arrow := func(a, b string) string {
		if a == b {
			return a
		}
		return orUnknown(a) + " → " + orUnknown(b)
	}
	parts := []string{strings.TrimSpace(arrow(d.From.Target, d.To.Target) + " " + arrow(d.From.Version, d.To.Version))}
	if d.From.Autocert+d.To.Autocert != "" {
		parts = append(parts, "autocert "+arrow(d.From.Autocert, d.To.Autocert))
	}
	return strings.Join(parts, " · ")
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
	return fmt.Sprintf("%d of %d requirements differ: %s", len(d.Changes), len(d.Changes)+d.Alike, strings.Join(parts, ", "))
}

func (d *Diff) color() string {
	switch {
	case d.Exit(false) != ExitOK:
		return red
	case len(d.Changes) > 0:
		return yellow
	}
	return green
}

func (c *Change) color() string {
	switch c.Trend {
	case Worse:
		return red
	case Better, Gained:
		return green
	}
	return yellow
}
