package atlas

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"assay/suite/report/diff"
)

// WriteMarkdown writes an atlas as a page: first a table of the requirements whose
// results differ between releases, then the changes of each release.
func (a *Atlas) WriteMarkdown(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "# Atlas of %s\n\n", a.Module)
	b.WriteString("Made by `assay atlas`, " +
		"which `make atlas` calls for the reference server and all releases")
	if slices.ContainsFunc(a.Releases, func(r Release) bool { return len(r.Notes) > 0 }) {
		fmt.Fprintf(b, "; the explanations are those of `%s`", NotesFile)
	}
	b.WriteString(".\n\n")
	fmt.Fprintf(b, "What the suite saw of the target *%s*, built with each release from %s to %s "+
		"(%s world, %s CA, %s, %s).\n",
		a.Target, a.Releases[0].Versions[0], a.newest(), a.World, a.CA, a.Go, a.OS)
	b.WriteString("Releases whose packages `acme` and `acme/autocert` are the same, " +
		"comments apart, were run once.\n")
	for _, r := range a.Releases {
		if r.Failure != "" {
			fmt.Fprintf(b, "\n%s.\n", a.failure(r))
		}
	}
	a.table(b)
	for _, step := range a.Steps() {
		if err := a.writeStep(b, step); err != nil {
			return err
		}
	}
	return b.Flush()
}

// failure says that a release could not be tried, or not in full, and why.
func (a *Atlas) failure(r Release) string {
	what := "could not be tried"
	if a.ran(r) {
		what = "could not be tried in full"
	}
	escaped := strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(r.Failure)
	return r.name() + " " + what + ": " + escaped
}

// newest returns the newest version of all releases.
func (a *Atlas) newest() string {
	versions := a.Releases[len(a.Releases)-1].Versions
	return versions[len(versions)-1]
}

// name returns the versions of a release, such as "v0.19.0–v0.24.0".
func (r Release) name() string {
	first, last := r.Versions[0], r.Versions[len(r.Versions)-1]
	if first == last {
		return first
	}
	return first + "–" + last
}

// writeStep writes what changed with a release.
func (a *Atlas) writeStep(b *bufio.Writer, s Step) error {
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
	if s.To.Failure != "" {
		fmt.Fprintf(b, "%s.\n\n", a.failure(s.To))
	}
	if s.Diff == nil {
		if s.To.Failure == "" {
			b.WriteString("No older release could be tried to compare it with.\n\n")
		}
		return nil
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
	if err := diff.WriteChanges(b, "###", s.Diff); err != nil {
		return err
	}
	b.WriteString("</details>\n\n")
	return nil
}
