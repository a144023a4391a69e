package render

import (
	"html"
	"io"
	"strings"

	"assay/suite/report"
	"assay/suite/report/words"
)

// WriteMarkdown shows a report as Markdown for the summary of a CI job. It has
// the content of [WriteVerdict].
func WriteMarkdown(w io.Writer, r *report.Report) error {
	m := markdown{words.NewMarkdown(w)}
	d := digestOf(r)
	m.Printf("## Assay: %s\n\n", words.Inline(r.Target.Name))
	m.Printf("%s\n\n", words.Inline(strings.Join(header(r), " · ")))
	m.Printf("**%s**\n\n", words.Inline(d.closing(r)))
	if r.WorldReason != "" {
		m.Printf("No namespaces: %s\n\n", words.Inline(r.WorldReason))
	}
	if r.Error != "" {
		m.Printf("### The run failed\n\n")
		m.Block("", r.Error)
	}
	if r.Interrupted && r.Stopped == "" {
		m.Printf("**Interrupted**: the verdict is incomplete.\n\n")
	}
	if r.Stopped != "" {
		m.Printf("**Ended early**: the verdict is incomplete.")
		if r.Error == "" { // else it says why
			m.Printf(" %s", words.Inline(r.Stopped))
		}
		m.Printf("\n\n")
	}
	m.chapters(d)
	if len(d.failures) > 0 {
		m.Printf("### Failures\n\n")
	}
	for _, t := range d.causes {
		m.failure(t, d)
	}
	m.list(warningsTitle, d.warnings, d.why)
	m.list(notOfferedTitle, d.notOffered, d.why)
	m.list(knownTitle, d.known, d.why)
	m.leftAside(r.LeftAside)
	m.list(observedTitle, d.remarks, d.why)
	m.groups(unannouncedTitle, d.unannounced)
	m.groups(triedTwiceTitle, d.triedTwice)
	m.groups(skippedTitle, d.skipped)
	m.groups(notSelectedTitle, d.notSelected)
	m.groups(notClaimedTitle, d.notClaimed)
	m.limits(Limits(r))
	if r.Selection != nil && r.Selection.LastFailed != "" {
		m.Printf("%s\n\n", words.Inline(onlyLastFailed))
	}
	m.Printf("%s\n", d.tally())
	return m.Flush()
}

// markdown writes the parts of a report.
type markdown struct{ *words.Markdown }

func (m markdown) failure(t together, d digest) {
	if n := len(t.results); n > 1 {
		m.Printf("**%d failures: %s**\n\n", n, words.Inline(t.cause))
	}
	x := t.results[0]
	m.Printf("<details open><summary>%s <b>%s</b> %s · %s</summary>\n\n",
		label(x), htmlInline(x.ID), x.Level, htmlInline(x.Title))
	for _, f := range fields(x, "", d.also(t)) {
		if f.form == prose {
			m.Printf("**%s** %s\n\n", f.name, words.Inline(f.text))
		} else {
			m.Printf("**%s**\n\n", f.name)
			m.Block("", f.text)
		}
	}
	m.Printf("</details>\n\n")
}

func (m markdown) chapters(d digest) {
	if len(d.chapters) == 0 {
		return
	}
	m.Printf("| chapter | passed | failed | not met | known | observed | skipped | not claimed |\n")
	m.Printf("|---|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, c := range d.chapters {
		if c.leftOut() {
			continue
		}
		m.Printf("| %s |", words.Inline(c.name))
		for _, n := range []int{
			c.Passed, c.Failing, c.NotMet + c.NotOffered, c.KnownFailures, c.Observed, c.Skipped,
			c.NotClaimed,
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

func (m markdown) list(title string, results []*report.Result, why func(*report.Result) string) {
	if len(results) == 0 {
		return
	}
	m.Printf("### %s\n\n", title)
	for _, x := range results {
		m.Printf("- **%s** %s: %s", words.Inline(x.ID), words.Inline(x.Title), words.Inline(why(x)))
		if k := x.KnownFailure; k != nil {
			listed := words.Join(", ", k.Reason, k.Link, until(k.Until), k.Note)
			m.Printf(" (listed: %s)", words.Inline(listed))
		}
		m.Printf("\n")
	}
	m.Printf("\n")
}

func (m markdown) leftAside(entries []report.LeftAside) {
	if len(entries) == 0 {
		return
	}
	m.Printf("### %s\n\n", leftAsideTitle)
	for _, e := range entries {
		m.Printf("- **%s** %s: %s\n", words.Inline(e.ID), words.Inline(e.Reason), words.Inline(e.Why))
	}
	m.Printf("\n")
}

func (m markdown) limits(lines []string) {
	if len(lines) == 0 {
		return
	}
	m.Printf("### %s\n\n", limitsTitle)
	for _, line := range lines {
		m.Printf("- %s\n", words.Inline(line))
	}
	m.Printf("\n")
}

func (m markdown) groups(title string, groups []group) {
	if len(groups) == 0 {
		return
	}
	m.Printf("### %s\n\n", title)
	for _, g := range groups {
		m.Printf("- %s", words.Inline(g.counted()))
		if names := g.names(); names != "" {
			m.Printf(": %s", words.Inline(names))
		}
		m.Printf("\n")
	}
	m.Printf("\n")
}

// htmlInline escapes a text for use within one line of HTML.
func htmlInline(s string) string { return html.EscapeString(words.OneLine(words.Printable(s))) }
