package atlas

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"assay/suite/report/diff"
	"assay/suite/upgrade"
)

// WriteMarkdown writes an atlas as a page: first a table of the requirements whose
// results differ between releases, then the changes of each release.
func (a *Atlas) WriteMarkdown(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "# Atlas of %s\n\n", a.Module)
	b.WriteString("Made by `assay atlas`")
	if a.hasVersions() {
		b.WriteString(", which `make atlas` calls for the reference server and all releases")
	}
	if slices.ContainsFunc(a.Releases, func(r Release) bool { return len(r.Notes) > 0 }) {
		fmt.Fprintf(b, "; the explanations are those of `%s`", NotesFile)
	}
	b.WriteString(".\n\n")
	fmt.Fprintf(b, "What the suite saw of the target *%s*, %s (%s world, %s CA, %s, %s).\n",
		a.Target, a.compared(), a.World, a.CA, a.Go, a.OS)
	if a.hasVersions() {
		b.WriteString("Releases whose packages `acme` and `acme/autocert` are the same, " +
			"comments apart, were run once.\n")
	}
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

// compared says in which settings the target was built and run.
func (a *Atlas) compared() string {
	first, last := a.Releases[0].Versions[0], a.newest()
	switch a.Module {
	case upgrade.Toolchains:
		return "built by " + first + " to " + last
	case upgrade.GODEBUG:
		return "run with each value of GODEBUG below"
	case upgrade.CAs:
		return "run with each CA below"
	}
	return "built with each release from " + first + " to " + last
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
			b.WriteString("Nothing before it could be tried to compare it with.\n\n")
		}
		return nil
	}
	if len(s.Diff.Changes) == 0 {
		if a.hasVersions() {
			b.WriteString("The code differs; nothing of it was seen from outside.\n\n")
		} else {
			b.WriteString("No difference was seen from outside.\n\n")
		}
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
