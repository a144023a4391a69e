package render

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"strings"

	"assay/suite/internal/words"
	"assay/suite/report"
)

// WriteMarkdown shows a report as Markdown for the summary of a CI job. It has
// the content of [WriteVerdict].
func WriteMarkdown(w io.Writer, r *report.Report) error {
	m := NewMarkdown(w)
	d := digestOf(r)
	m.Printf("## Assay: %s\n\n", Inline(r.Target.Name))
	m.Printf("%s\n\n", Inline(strings.Join(header(r), " · ")))
	m.Printf("**%s**\n\n", Inline(d.closing(r)))
	if r.WorldReason != "" {
		m.Printf("No namespaces: %s\n\n", Inline(r.WorldReason))
	}
	if r.Error != "" {
		m.Printf("### The run failed\n\n")
		m.Block("", r.Error)
	}
	if r.Interrupted {
		m.Printf("**Interrupted**: the verdict is incomplete.\n\n")
	}
	m.chapters(d)
	if len(d.failures) > 0 {
		m.Printf("### Failures\n\n")
	}
	for _, x := range d.failures {
		m.failure(x)
	}
	m.list(warningsTitle, d.warnings)
	m.list(notOfferedTitle, d.notOffered)
	m.list(knownTitle, d.known)
	m.leftAside(r.LeftAside)
	m.list(observedTitle, d.remarks)
	m.groups(unannouncedTitle, d.unannounced)
	m.groups(triedTwiceTitle, d.triedTwice)
	m.groups(skippedTitle, d.skipped)
	m.groups(notClaimedTitle, d.notClaimed)
	m.Printf("%s\n", d.tally())
	return m.Flush()
}

// Markdown writes Markdown. Errors of the underlying writer are reported by
// Flush.
type Markdown struct{ w *bufio.Writer }

// NewMarkdown returns a Markdown that writes to w.
func NewMarkdown(w io.Writer) *Markdown { return &Markdown{bufio.NewWriter(w)} }

// Flush writes what is buffered and returns the first error that occurred.
func (m *Markdown) Flush() error { return m.w.Flush() }

// Printf writes Markdown by a format. Text has to be escaped by [Inline].
func (m *Markdown) Printf(format string, args ...any) { fmt.Fprintf(m.w, format, args...) }

// Block writes a text as a block of code. language may be empty. The fence is
// longer than any fence in the text.
func (m *Markdown) Block(language, text string) {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	text = strings.TrimRight(words.Printable(text), "\n")
	m.Printf("%s%s\n%s\n%s\n\n", fence, language, text, fence)
}

func (m *Markdown) failure(x *report.Result) {
	m.Printf("<details open><summary>%s <b>%s</b> %s · %s</summary>\n\n",
		label(x), htmlInline(x.ID), x.Level, htmlInline(x.Title))
	for _, f := range fields(x, "") {
		if f.prose {
			m.Printf("**%s** %s\n\n", f.name, Inline(f.text))
		} else {
			m.Printf("**%s**\n\n", f.name)
			m.Block("", f.text)
		}
	}
	m.Printf("</details>\n\n")
}

func (m *Markdown) chapters(d digest) {
	if len(d.chapters) == 0 {
		return
	}
	m.Printf("| chapter | passed | failed | not met | known | observed | skipped | not claimed |\n")
	m.Printf("|---|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, c := range d.chapters {
		m.Printf("| %s |", Inline(c.name))
		for _, n := range []int{
			c.counts[report.Passed], c.failed, c.warned, c.counts[report.KnownFailed],
			c.counts[report.Observed], c.counts[report.Skipped], c.counts[report.NotClaimed],
		} {
			if n == 0 {
				m.Printf(" |")
			} else {
				m.Printf(" %d |", n)
			}
		}
		m.Printf("\n")
	}
	m.Printf("\n")
}

func (m *Markdown) list(title string, results []*report.Result) {
	if len(results) == 0 {
		return
	}
	m.Printf("### %s\n\n", title)
	for _, x := range results {
		m.Printf("- **%s** %s: %s", Inline(x.ID), Inline(x.Title), Inline(x.Reason))
		if k := x.KnownFailure; k != nil {
			m.Printf(" (listed: %s)", Inline(words.Join(", ", k.Reason, k.Link, until(k.Until), k.Note)))
		}
		m.Printf("\n")
	}
	m.Printf("\n")
}

func (m *Markdown) leftAside(entries []report.LeftAside) {
	if len(entries) == 0 {
		return
	}
	m.Printf("### %s\n\n", leftAsideTitle)
	for _, e := range entries {
		m.Printf("- **%s** %s: %s\n", Inline(e.ID), Inline(e.Reason), Inline(e.Why))
	}
	m.Printf("\n")
}

func (m *Markdown) groups(title string, groups []group) {
	if len(groups) == 0 {
		return
	}
	m.Printf("### %s\n\n", title)
	for _, g := range groups {
		m.Printf("- %d × %s", len(g.ids), Inline(g.reason))
		if names := g.names(); names != "" {
			m.Printf(": %s", Inline(names))
		}
		m.Printf("\n")
	}
	m.Printf("\n")
}

// escapes replaces the characters that have a meaning in Markdown or HTML.
var escapes = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;",
	"|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`, "\\", `\\`,
)

// Inline escapes a text for use within one line of Markdown.
func Inline(s string) string { return escapes.Replace(words.OneLine(words.Printable(s))) }

// htmlInline escapes a text for use within one line of HTML.
func htmlInline(s string) string { return html.EscapeString(words.OneLine(words.Printable(s))) }
