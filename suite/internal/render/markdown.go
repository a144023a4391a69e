package report

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"strings"
)

// WriteMarkdown shows a report as Markdown of the kind that CI systems render
// as the summary of a job. It says what WriteVerdict says.
func WriteMarkdown(w io.Writer, r *Report) error {
	m := &markdown{bufio.NewWriter(w)}
	d := digestOf(r)
	m.f("## Assay: %s\n\n", inline(r.Target.Name))
	m.f("%s\n\n", inline(strings.Join(header(r), " · ")))
	m.f("**%s**\n\n", inline(d.closing(r)))
	if r.WorldReason != "" {
		m.f("No namespaces: %s\n\n", inline(r.WorldReason))
	}
	if r.Error != "" {
		m.f("### The run failed\n\n")
		m.code(r.Error)
	}
	if r.Interrupted {
		m.f("**Interrupted**: this is not the whole verdict.\n\n")
	}
	m.chapters(d)
	if len(d.failures) > 0 {
		m.f("### Failures\n\n")
	}
	for _, x := range d.failures {
		m.f("<details open><summary>%s <b>%s</b> %s · %s</summary>\n\n", x.label(), markup(x.ID), x.Level, markup(x.Title))
		for _, f := range x.fields("") {
			if f.flow {
				m.f("**%s** %s\n\n", f.name, inline(f.text))
			} else {
				m.f("**%s**\n\n", f.name)
				m.code(f.text)
			}
		}
		m.f("</details>\n\n")
	}
	m.list("Warnings (SHOULD)", d.warnings)
	m.list("Not offered (MAY)", d.notOffered)
	m.list("Known failures", d.known)
	m.list("Observed, not judged", d.remarks)
	m.groups("Warnings at start that no spec announced", d.noticed)
	m.groups("Skipped", d.skipped)
	m.groups("Not claimed", d.notClaimed)
	m.f("%s\n", d.tally())
	return m.w.Flush()
}

type markdown struct{ w *bufio.Writer }

func (m *markdown) f(format string, args ...any) { fmt.Fprintf(m.w, format, args...) }

func (m *markdown) chapters(d digest) {
	if len(d.chapters) == 0 {
		return
	}
	m.f("| chapter | passed | failed | not met | known | observed | skipped | not claimed |\n")
	m.f("|---|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, c := range d.chapters {
		m.f("| %s |", inline(c.name))
		for _, n := range []int{
			c.counts[Passed], c.failed, c.warned, c.counts[KnownFailed],
			c.counts[Observed], c.counts[Skipped], c.counts[NotClaimed],
		} {
			if n == 0 {
				m.f(" |")
			} else {
				m.f(" %d |", n)
			}
		}
		m.f("\n")
	}
	m.f("\n")
}

// code writes a block that the text cannot end.
func (m *markdown) code(text string) { m.block("", text) }

// block is code in a language that the reader's program may colour.
func (m *markdown) block(language, text string) {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	m.f("%s%s\n%s\n%s\n\n", fence, language, strings.TrimRight(speakable(text), "\n"), fence)
}

func (m *markdown) list(title string, results []*Result) {
	if len(results) == 0 {
		return
	}
	m.f("### %s\n\n", title)
	for _, x := range results {
		m.f("- **%s** %s: %s", inline(x.ID), inline(x.Title), inline(x.Reason))
		if k := x.KnownFailure; k != nil {
			m.f(" (listed: %s)", inline(joinWords(", ", k.Reason, k.Link, until(k.Until))))
		}
		m.f("\n")
	}
	m.f("\n")
}

func (m *markdown) groups(title string, groups []group) {
	if len(groups) == 0 {
		return
	}
	m.f("### %s\n\n", title)
	for _, g := range groups {
		m.f("- %d × %s", len(g.ids), inline(g.reason))
		if where := g.where(); where != "" {
			m.f(": %s", inline(where))
		}
		m.f("\n")
	}
	m.f("\n")
}

// escapes are the characters that Markdown or HTML would take for its own.
var escapes = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;", "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`, "\\", `\\`,
)

// inline escapes a text for one line of Markdown.
func inline(s string) string { return escapes.Replace(oneSpace(speakable(s))) }

// markup escapes a text for one line of HTML, in which Markdown means nothing.
func markup(s string) string { return html.EscapeString(oneSpace(speakable(s))) }
