package submission

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"assay/suite/internal/render"
	"assay/suite/report"
	"assay/suite/report/words"
)

// writeReadme says in plain words what a submission holds and how it was made.
func writeReadme(w io.Writer, meta Submission, r *report.Report, files map[string][]byte) error {
	m := words.NewMarkdown(w)
	name := words.Join(" ", r.Target.Name, meta.ServerVersion)
	m.Printf("# %s\n\n", words.Inline(words.Cut(name, 200)))
	m.Printf("![%s](%s)\n\n", words.Inline(result(r)), BadgeFile)
	m.Printf("Assay judged whether the TLS of this server does what its documentation says. %s\n\n",
		result(r))
	for _, note := range partial(r) {
		m.Printf("> This run is partial: %s.\n\n", words.Inline(words.Cut(note, 400)))
	}
	m.Printf("| | |\n|---|---|\n")
	for _, row := range [][2]string{
		{"server", r.Target.Name},
		{"version", words.Join(", ", meta.ServerVersion, r.Target.Version)},
		{"golang.org/x/crypto", r.Target.Autocert},
		{"claims", strings.Join(r.Target.Profiles, ", ")},
		{"date", r.Started.UTC().Format("2 January 2006")},
		{"world", words.Join(": ", r.World, r.WorldReason)},
		{"CA", r.CA},
		{"machine", r.OS},
		{"suite", fmt.Sprintf("Assay %s, built by %s", r.Suite.Version, r.Go)},
		{"catalogue", fmt.Sprintf("%d requirements, %s", len(r.Results), r.Suite.Catalogue)},
	} {
		if row[1] != "" {
			m.Printf("| %s | %s |\n", row[0], words.Inline(words.Cut(row[1], 400)))
		}
	}
	m.Printf("\nThis command, in this directory, repeats the run:\n\n")
	m.Block("sh", meta.Command)
	listFiles(m, files, meta)
	if err := m.Flush(); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := render.WriteMarkdown(&b, r); err != nil {
		return err
	}
	// The verdict has a title of its own, which is one of this document here.
	_, err := io.WriteString(w, b.String())
	return err
}

// listFiles says what the folder holds.
func listFiles(m *words.Markdown, files map[string][]byte, meta Submission) {
	m.Printf("- [%s](%[1]s) says how to start the server, what it claims, and why it is known to "+
		"fail something.\n", TargetFile)
	m.Printf("- [%s](%[1]s) holds every verdict, for programs.", ReportFile)
	if len(meta.LeftOut) > 0 {
		m.Printf(" It lacks %s.", words.Inline(strings.Join(meta.LeftOut, "; ")))
	}
	m.Printf("\n")
	if _, ok := files[PageFile]; ok {
		m.Printf("- [%s](%[1]s) shows the same in a browser.\n", PageFile)
	}
	m.Printf("\nPaths of the machine are `<path>` here, the directory of a test is `<dir>`, and " +
		"secrets are removed.\n\n")
	if needsMore(files[TargetFile]) {
		m.Printf("The target file names files beside it, which are not part of this folder.\n\n")
	}
}

// needsMore reports whether a target file names files of its own directory.
func needsMore(target []byte) bool {
	return bytes.Contains(target, []byte("TargetDir")) || bytes.Contains(target, []byte(" ./")) ||
		bytes.Contains(target, []byte("[./"))
}

// result returns the verdict in one sentence.
func result(r *report.Report) string {
	t := r.Tally()
	text := fmt.Sprintf("%d requirements passed", t.Passed)
	for _, x := range []struct {
		n    int
		what string
	}{
		{t.Failing, "failed"},
		{t.NotMet, "recommended are not met"},
		{t.KnownFailures, "are known to fail"},
	} {
		if x.n > 0 {
			text += fmt.Sprintf(", %d %s", x.n, x.what)
		}
	}
	return text + "."
}
