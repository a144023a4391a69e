package report

import (
	"bufio"
	"encoding/json"
	"io"
	"strings"
)

// WriteDiffMarkdown shows what [WriteDiff] shows, as a comment on a pull
// request would.
func WriteDiffMarkdown(w io.Writer, d *Diff) error {
	m := &markdown{bufio.NewWriter(w)}
	m.f("## Assay: %s\n\n**%s**\n\n", inline(d.title()), inline(d.closing()))
	for _, note := range d.Notes {
		m.f("> %s\n\n", inline(note))
	}
	if err := m.w.Flush(); err != nil {
		return err
	}
	return WriteChanges(w, "###", d)
}

// WriteChanges shows the changes alone, each under a heading of this depth.
func WriteChanges(w io.Writer, heading string, d *Diff) error {
	m := &markdown{bufio.NewWriter(w)}
	for i := range d.Changes {
		m.change(heading, &d.Changes[i])
	}
	return m.w.Flush()
}

// WriteDiffJSON writes the difference for programs.
func WriteDiffJSON(w io.Writer, d *Diff) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(d)
}

// change shows one requirement under a heading of this depth.
func (m *markdown) change(heading string, c *Change) {
	m.f("%s %s: %s %s, %s\n\n", heading, c.Trend, inline(c.ID), c.Level, inline(c.Title))
	for _, t := range c.turns() {
		m.f("- %s\n", inline(t.String()))
	}
	if len(c.turns()) > 0 {
		m.f("\n")
	}
	changes, rows := alike(c.Observations)
	for i, o := range changes {
		m.f("%s\n\n", inline(observed(o, rows[i])))
		m.block("diff", strings.Join(o.Lines(), "\n"))
	}
}
