package atlas

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"assay/suite/report"
)

// WriteMarkdown shows an atlas: what changed where, then which promise each
// release keeps.
func (a *Atlas) WriteMarkdown(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "# Atlas of %s\n\n", a.Module)
	fmt.Fprintf(b, "What the suite saw of the target *%s*, built with each release from %s to %s (%s world, %s CA, %s, %s).\n",
		a.Target, a.Releases[0].Versions[0], a.newest(), a.World, a.CA, a.Go, a.OS)
	fmt.Fprintf(b, "Releases whose packages `acme` and `acme/autocert` are the same, comments apart, were run once.\n\n")
	a.table(b)
	for _, step := range a.Steps() {
		if err := step.write(b); err != nil {
			return err
		}
	}
	return b.Flush()
}

func (a *Atlas) newest() string {
	versions := a.Releases[len(a.Releases)-1].Versions
	return versions[len(versions)-1]
}

// name is the release in a few words: "v0.19.0–v0.24.0".
func (r Release) name() string {
	first, last := r.Versions[0], r.Versions[len(r.Versions)-1]
	if first == last {
		return first
	}
	return first + "–" + last
}

// write shows what changed with a release.
func (s Step) write(b *bufio.Writer) error {
	fmt.Fprintf(b, "## %s\n\n", s.To.Versions[0])
	for _, n := range s.To.Notes {
		fmt.Fprintf(b, "- %s", n.Text)
		if len(n.IDs) > 0 {
			fmt.Fprintf(b, " (%s)", strings.Join(n.IDs, ", "))
		}
		if n.Link != "" {
			fmt.Fprintf(b, " <%s>", n.Link)
		}
		b.WriteString("\n")
	}
	if len(s.To.Notes) > 0 {
		b.WriteString("\n")
	}
	if len(s.Diff.Changes) == 0 {
		b.WriteString("The code differs; nothing of it was seen from outside.\n\n")
		return nil
	}
	differ := "1 requirement differs"
	if n := len(s.Diff.Changes); n > 1 {
		differ = fmt.Sprintf("%d requirements differ", n)
	}
	fmt.Fprintf(b, "<details><summary>%s</summary>\n\n", differ)
	if err := b.Flush(); err != nil {
		return err
	}
	if err := report.WriteChanges(b, "###", s.Diff); err != nil {
		return err
	}
	b.WriteString("</details>\n\n")
	return nil
}
