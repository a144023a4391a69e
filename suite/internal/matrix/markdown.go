package matrix

import (
	"fmt"
	"io"
	"strings"

	"assay/suite/internal/page"
	"assay/suite/report/words"
)

// symbols are the kinds in a table of Markdown, by key.
var symbols = map[string]string{
	"error": "‼", "failed": "✗", "unexpected-pass": "✓?", "not-met": "!", "not-offered": "○",
	"known-failure": "⚑", "passed": "✓", "observed": "·", "skipped": "–", "not-claimed": "",
	"not-selected": "…", "missing": "?",
}

// meanings explain the kinds in the legend, by key.
var meanings = map[string]string{
	"error":           "error of Assay itself",
	"failed":          "failed",
	"unexpected-pass": "passed, although it is listed as a known failure",
	"not-met":         "a SHOULD that is not met",
	"not-offered":     "a MAY that is not offered",
	"known-failure":   "known to fail, with a reason",
	"passed":          "passed",
	"observed":        "observed, not judged",
	"skipped":         "could not be tried",
	"not-claimed":     "the server claims nothing of the kind",
	"not-selected":    "left out of the run",
	"missing":         "the run's catalogue does not have it",
}

// WriteMarkdown writes the matrix as Markdown: the runs, the counts of each
// chapter, every requirement, and what went wrong or is excused.
func (m *Matrix) WriteMarkdown(w io.Writer) error {
	return write(w, m.heading, m.runs, m.notes, m.counts, m.details)
}

// WriteCounts writes the counts of each chapter as a table.
func (m *Matrix) WriteCounts(w io.Writer) error { return write(w, m.counts) }

// WriteRuns writes a table of the runs, and what makes them partial or expired.
func (m *Matrix) WriteRuns(w io.Writer) error { return write(w, m.runs, m.notes) }

// WriteDetails writes every requirement, chapter by chapter.
func (m *Matrix) WriteDetails(w io.Writer) error { return write(w, m.details) }

// write writes parts of a document one after the other.
func write(w io.Writer, parts ...func(*words.Markdown)) error {
	md := words.NewMarkdown(w)
	for _, part := range parts {
		part(md)
	}
	return md.Flush()
}

func (m *Matrix) heading(md *words.Markdown) {
	md.Printf("## Assay: %s\n\n", words.Inline(m.title()))
}

// title names the runs: one server in several versions, or several servers.
func (m *Matrix) title() string {
	var names []string
	for _, c := range m.Columns {
		names = append(names, c.Title())
	}
	return shorten(strings.Join(names, " · "), 200)
}

func (m *Matrix) runs(md *words.Markdown) {
	md.Printf("| server | version | run | x/crypto | world | exit code | |\n")
	md.Printf("|---|---|---|---|---|--:|---|\n")
	for _, c := range m.Columns {
		md.Printf("| %s | %s | %s | %s | %s | %d | %s |\n", linked(c.Name, c.Page),
			words.Inline(c.Version), c.Date(), words.Inline(c.Autocert), words.Inline(c.World),
			c.Exit, words.Inline(strings.Join(noteWords(c), ", ")))
	}
	md.Printf("\n")
}

func noteWords(c *Column) []string {
	var all []string
	for _, n := range c.Notes {
		all = append(all, n.Word)
	}
	return all
}

// notes writes what makes runs partial or expired. Runs of which the same is true
// are named together.
func (m *Matrix) notes(md *words.Markdown) {
	var order []Note
	names := map[Note][]string{}
	for _, c := range m.Columns {
		for _, n := range c.Notes {
			if names[n] == nil {
				order = append(order, n)
			}
			names[n] = append(names[n], c.Title())
		}
	}
	for _, n := range order {
		md.Printf("> **%s**, %s: %s\n\n", n.Word, words.Inline(strings.Join(names[n], ", ")),
			words.Inline(n.Text))
	}
}

// columnHead returns the head of a column: its name, its version, and its notes.
func columnHead(c *Column) string {
	text := linked(c.Title(), c.Page)
	if notes := noteWords(c); len(notes) > 0 {
		text += " (" + strings.Join(notes, ", ") + ")"
	}
	return text
}

// linked returns a text, which is a link if the destination is not empty. The
// destination is escaped as a URL.
func linked(text, destination string) string {
	if destination == "" {
		return words.Inline(text)
	}
	return "[" + words.Inline(text) + "](" + unbracketed.Replace(destination) + ")"
}

// unbracketed escapes what would end a link or a cell of a table.
var unbracketed = strings.NewReplacer("(", "%28", ")", "%29", "|", "%7C", "<", "%3C", ">", "%3E")

func (m *Matrix) head(md *words.Markdown, first ...string) {
	md.Printf("|")
	for _, text := range first {
		md.Printf(" %s |", text)
	}
	for _, c := range m.Columns {
		md.Printf(" %s |", columnHead(c))
	}
	md.Printf("\n|%s\n", strings.Repeat("---|", len(first)+len(m.Columns)))
}

func (m *Matrix) counts(md *words.Markdown) {
	m.head(md, "chapter")
	for _, chapter := range m.Chapters {
		md.Printf("| %s |", words.Inline(chapter.Name))
		for i, t := range chapter.Counts {
			md.Printf(" %s |", m.Columns[i].count(t))
		}
		md.Printf("\n")
	}
	md.Printf("| all %d |", m.Requirements)
	for _, c := range m.Columns {
		md.Printf(" %s |", c.count(c.Tally))
	}
	md.Printf("\n\n")
}

// count returns the counts of one chapter: "16 / 3" says that 16 requirements
// passed and 3 are known to fail. What fails the run follows, so that no cell
// looks better than it is.
func (c *Column) count(t Tally) string {
	if !c.claims(t) {
		return "–"
	}
	text := fmt.Sprintf("%d / %d", t.of("passed"), t.of("known-failure"))
	for _, x := range []struct {
		n    int
		word string
	}{
		{t.of("failed", "unexpected-pass"), "failed"},
		{t.of("error"), "error"},
		{t.of("not-selected"), "left out"},
	} {
		if x.n > 0 {
			text += fmt.Sprintf(", **%d %s**", x.n, x.word)
		}
	}
	return text
}

func (m *Matrix) details(md *words.Markdown) {
	m.legend(md)
	for _, chapter := range m.Chapters {
		md.Printf("### %s\n\n", words.Inline(chapter.Name))
		m.head(md, "requirement", "level")
		for _, row := range chapter.Rows {
			md.Printf("| **%s** %s | %s |", words.Inline(row.ID), words.Inline(row.Title), row.Level)
			for _, cell := range row.Cells {
				md.Printf(" %s |", mark(cell, row))
			}
			md.Printf("\n")
		}
		md.Printf("\n")
		chapter.reasons(md)
	}
}

// mark returns the content of one cell.
func mark(c *Cell, row *Row) string {
	text := symbols[c.Kind.Key]
	if text == "" {
		return ""
	}
	if c.Link != "" {
		text = linked(text, c.Link)
	}
	if c.Expired != "" {
		text += " expired"
	}
	if c.Level != "" && c.Level != row.Level {
		text += " " + string(c.Level)
	}
	return text
}

// reasons lists what went wrong or is excused in a chapter.
func (c *Chapter) reasons(md *words.Markdown) {
	any := false
	for _, row := range c.Rows {
		for _, cell := range row.Cells {
			if !cell.Noted() {
				continue
			}
			any = true
			md.Printf("- **%s** %s, %s%s\n", words.Inline(row.ID), words.Inline(cell.Column.Title()),
				cell.Kind.Word, reason(cell))
		}
	}
	if any {
		md.Printf("\n")
	}
}

// reason returns the excuse of a cell, or else what was seen.
func reason(c *Cell) string {
	var b strings.Builder
	text := c.Reason
	if c.Excused() != "" {
		text = c.Excused()
	}
	if text != "" {
		b.WriteString(": " + words.Inline(shorten(text, 300)))
	}
	if e := c.Excuse; e != nil {
		if link := page.WebLink(e.Link); link != "" {
			b.WriteString(" ([source](" + unbracketed.Replace(link) + "))")
		}
		if e.Until != "" {
			b.WriteString(", until " + words.Inline(e.Until))
		}
	}
	if c.Expired != "" {
		b.WriteString(", **which has passed**")
	}
	return b.String()
}

// legend explains the symbols that occur.
func (m *Matrix) legend(md *words.Markdown) {
	var parts []string
	for _, c := range m.total().Counts() {
		parts = append(parts, words.Join(" ", symbolOr(c.Kind.Key, "empty:"), meanings[c.Kind.Key]))
	}
	md.Printf("%s\n\n", strings.Join(parts, " · "))
}

func symbolOr(key, otherwise string) string {
	if s := symbols[key]; s != "" {
		return s
	}
	return otherwise
}
