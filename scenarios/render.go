package scenarios

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Table writes the catalogue for a terminal: a heading for each chapter and a
// line for each requirement.
func (c *Catalogue) Table(w io.Writer) error {
	for i, chapter := range c.Chapters {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s: %s\n", chapter.Name, chapter.About)
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, r := range chapter.Requirements {
			fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", r.ID, r.Level, count(r.Cases), r.Title)
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// count returns the number of cases in words, or "" if there are none.
func count(cases []Case) string {
	switch len(cases) {
	case 0:
		return ""
	case 1:
		return "1 case"
	default:
		return fmt.Sprintf("%d cases", len(cases))
	}
}

// JSON writes the catalogue for programs, with its digest.
func (c *Catalogue) JSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(struct {
		Digest string `json:"digest"`
		*Catalogue
	}{c.digest, c})
}

const markdownHead = `# The catalogue

<!-- Generated from the YAML files beside it: go generate ./scenarios -->

This page lists what a server that is configured like headscale promises about TLS. Each
requirement has an ID that never changes, a level in the words of RFC 2119 (OBSERVE means that it
is recorded for comparison and never judged), the promise, the reason why it matters, and the source
of the promise. A target claims chapters. A requirement applies to a target that claims its chapter
and every chapter that it needs.
`

// Markdown writes the catalogue as a page for people who implement a server: the
// content of scenarios/README.md.
func (c *Catalogue) Markdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString(markdownHead)
	for _, chapter := range c.Chapters {
		fmt.Fprintf(&b, "\n## %s\n\n%s.\n", chapter.Name, sentence(chapter.About))
		for _, r := range chapter.Requirements {
			writeMarkdown(&b, r)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeMarkdown(b *strings.Builder, r Requirement) {
	fmt.Fprintf(b, "\n### %s · %s · %s\n\n", r.ID, r.Level, r.Title)
	fmt.Fprintf(b, "%s\n\n*Why it matters:* %s\n\n", oneLine(r.Text), oneLine(r.Why))
	if r.Remedy != "" {
		fmt.Fprintf(b, "*What usually mends it:* %s\n\n", oneLine(r.Remedy))
	}
	fmt.Fprintf(b, "*Source:* %s\n", r.Source)
	if len(r.Needs) > 0 {
		needs := make([]string, len(r.Needs))
		for i, n := range r.Needs {
			needs[i] = n.String()
		}
		fmt.Fprintf(b, "\n*Needs:* %s\n", strings.Join(needs, ", "))
	}
	if !r.Autocert.IsZero() {
		fmt.Fprintf(b, "\n*Judged with golang.org/x/crypto:* `%s`\n", r.Autocert)
	}
	if len(r.Worlds) > 0 {
		fmt.Fprintf(b, "\n*Run in:* the %s world\n", strings.Join(r.Worlds, " or "))
	}
	if r.Unbroken != "" {
		fmt.Fprintf(b, "\n*No known-bad server:* %s\n", oneLine(r.Unbroken))
	}
	if len(r.Cases) > 0 {
		names := make([]string, len(r.Cases))
		for i, c := range r.Cases {
			names[i] = "`" + c.Name + "`"
		}
		fmt.Fprintf(b, "\n*Cases:* %s\n", strings.Join(names, ", "))
	}
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
