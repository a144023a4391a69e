package diff

import (
	"encoding/json"
	"io"
	"strings"

	"assay/suite/internal/render"
)

// WriteMarkdown shows a difference as Markdown, as a comment on a pull request
// would hold it. It has the content of [WriteText].
func WriteMarkdown(w io.Writer, d *Diff) error {
	m := render.NewMarkdown(w)
	m.Printf("## Assay: %s\n\n**%s**\n\n", render.Inline(d.title()), render.Inline(d.closing()))
	for _, note := range d.Notes {
		m.Printf("> %s\n\n", render.Inline(note))
	}
	if err := m.Flush(); err != nil {
		return err
	}
	return WriteChanges(w, "###", d)
}

// WriteChanges writes only the changes, each below a heading that begins with the
// given marks ("###").
func WriteChanges(w io.Writer, heading string, d *Diff) error {
	m := render.NewMarkdown(w)
	for i := range d.Changes {
		writeChange(m, heading, &d.Changes[i])
	}
	return m.Flush()
}

// WriteJSON writes a difference for programs.
func WriteJSON(w io.Writer, d *Diff) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(d)
}

func writeChange(m *render.Markdown, heading string, c *Change) {
	m.Printf("%s %s: %s %s, %s\n\n", heading, c.Trend, render.Inline(c.ID), c.Level,
		render.Inline(c.Title))
	for _, v := range c.shown() {
		m.Printf("- %s\n", render.Inline(v.String()))
	}
	if len(c.shown()) > 0 {
		m.Printf("\n")
	}
	for _, g := range grouped(c.Observations) {
		m.Printf("%s\n\n", render.Inline(g.title()))
		m.Block("diff", strings.Join(g.Lines(), "\n"))
	}
}
