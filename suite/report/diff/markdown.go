package diff

import (
	"encoding/json"
	"io"
	"strings"

	"assay/suite/report/words"
)

// WriteMarkdown shows a difference as Markdown, as a comment on a pull request
// would hold it. It has the content of [WriteText].
func WriteMarkdown(w io.Writer, d *Diff) error {
	m := words.NewMarkdown(w)
	m.Printf("## Assay: %s\n\n**%s**\n\n", words.Inline(d.Title()), words.Inline(d.Closing()))
	for _, note := range d.Notes {
		m.Printf("> %s\n\n", words.Inline(note))
	}
	if err := m.Flush(); err != nil {
		return err
	}
	return WriteChanges(w, "###", d)
}

// WriteChanges writes only the changes, each below a heading that begins with the
// given marks ("###").
func WriteChanges(w io.Writer, heading string, d *Diff) error {
	m := words.NewMarkdown(w)
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

func writeChange(m *words.Markdown, heading string, c *Change) {
	m.Printf("%s %s: %s %s, %s\n\n", heading, c.Trend, words.Inline(c.ID), c.Level,
		words.Inline(c.Title))
	for _, v := range c.Verdicts() {
		m.Printf("- %s\n", words.Inline(v.String()))
	}
	if len(c.Verdicts()) > 0 {
		m.Printf("\n")
	}
	for _, g := range grouped(c.Observations) {
		m.Printf("%s\n\n", words.Inline(g.title()))
		m.Block("diff", strings.Join(g.Lines(), "\n"))
	}
}
