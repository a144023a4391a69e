package render

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"assay/suite/report"
	"assay/suite/report/words"
)

// label returns the heading of a result that fails the run.
func label(x *report.Result) string {
	switch x.Status {
	case report.Error:
		return "ERROR"
	case report.UnexpectedPassed:
		return "UNEXPECTED PASS"
	default:
		return "FAILED"
	}
}

// field is one labelled part of a failure.
type field struct {
	name string
	text string
	form form
}

// form says how the text of a field is laid out.
type form int

const (
	prose    form = iota // one paragraph
	wrapped              // lines, which may be wrapped
	verbatim             // lines to copy
)

// maxConfig is the number of lines of a configuration that a verdict shows. The
// evidence has all lines.
const maxConfig = 24

// fields returns what a verdict says about a failure. Dir is the directory of the
// report. Also names what failed or was skipped with it.
func fields(x *report.Result, dir string, also []field) []field {
	fs := []field{
		{"promised", words.OneLine(x.Text), prose},
		{"source", x.Source, prose},
	}
	if x.Status == report.UnexpectedPassed {
		fs = append(fs, field{"seen", x.Reason, wrapped})
	}
	alike := casesAlike(x)
	if len(alike) > 0 {
		fs = append(fs, alike[0].heading(x))
	}
	if e := x.Evidence; e != nil {
		fs = append(fs, field{"configured", firstLines(e.Config), verbatim})
	}
	switch {
	case len(alike) > 0:
		fs = append(fs, message(alike[0].message)...)
	case x.Status != report.UnexpectedPassed:
		fs = append(fs, message(x.Message())...)
	}
	if x.Status == report.Failed || x.Status == report.Error {
		fs = append(fs,
			field{"said", unlessSeen(said(x.Evidence), fs), wrapped}, field{"CA saw", caSaw(x), wrapped})
	}
	for _, other := range alike[min(1, len(alike)):] {
		fs = append(fs, other.heading(x))
		fs = append(fs, message(other.message)...)
	}
	if x.Cause != "" {
		fs = append(fs, field{"to do", remedy(x.Cause), prose})
	} else {
		fs = append(fs, field{"usual fix", words.OneLine(x.Remedy), prose})
	}
	if k := x.KnownFailure; k != nil {
		fs = append(fs, field{"listed", words.Join("; ", k.Reason, k.Void, k.Note, k.Link), prose})
	}
	fs = append(fs, also...)
	if e := x.Evidence; e != nil {
		if e.Dir != "" {
			path := filepath.Join(dir, filepath.FromSlash(e.Dir))
			fs = append(fs, field{"evidence", path, verbatim})
		}
		fs = append(fs, field{"repeat", e.Repeat, verbatim})
	}
	return slices.DeleteFunc(fs, func(f field) bool { return strings.TrimSpace(f.text) == "" })
}

// alike holds the cases of a result that ended in the same way.
type alike struct {
	names   []string
	status  report.Status
	message string // of the first
	key     string
}

// casesAlike returns the cases that a verdict mentions, in groups. The group of
// the case that decided the status comes first.
func casesAlike(x *report.Result) []alike {
	decider := ""
	if x.Evidence != nil {
		decider = x.Evidence.Case
	}
	var groups []alike
	for _, first := range []bool{true, false} {
		for _, c := range x.Cases {
			if (c.Case == decider) != first || c.Status == report.Passed || c.Status == report.Skipped {
				continue
			}
			key := string(c.Status) + mask(x.ID, c.Case, c.Message())
			i := slices.IndexFunc(groups, func(g alike) bool { return g.key == key })
			if i < 0 {
				i = len(groups)
				groups = append(groups, alike{status: c.Status, message: c.Message(), key: key})
			}
			groups[i].names = append(groups[i].names, c.Case)
		}
	}
	return groups
}

func (g alike) heading(x *report.Result) field {
	if len(g.names) == 1 {
		return field{"case", g.names[0] + ": " + string(g.status), prose}
	}
	text := fmt.Sprintf("%s and %d more like it of %d: %s (%s)", g.names[0], len(g.names)-1,
		len(x.Cases), g.status, strings.Join(g.names[1:], ", "))
	return field{"case", text, prose}
}

// message returns the parts of a failure message: what was awaited, what was
// expected and what was seen. Other text is what was seen.
func message(text string) []field {
	fs := []field{{name: "seen", form: wrapped}}
	before, rest, found := strings.Cut("\n"+text, "\nexpected  ")
	if found {
		expected, seen, _ := strings.Cut(rest, "\nseen ")
		fs = []field{
			{"about", strings.TrimPrefix(strings.TrimSpace(before), "awaited: "), wrapped},
			{"expected", unindent(expected), wrapped},
			{"seen", unindent(seen), wrapped},
		}
	} else {
		fs[0].text = text
	}
	if strings.Contains(fs[len(fs)-1].text, "decoy") {
		fs = append(fs, field{"decoy", decoy, prose})
	}
	return fs
}

// remedy says what to do about a cause that a run has found.
func remedy(cause string) string {
	switch {
	case strings.HasPrefix(cause, report.CauseNoContact):
		return "give the server's ACME client the URL in acme_url as its directory (with autocert: " +
			"Manager.Client = &acme.Client{DirectoryURL: …}), and set the contact and the only name " +
			"that is ordered (Email and HostPolicy); a server that gets no certificate from a CA does " +
			"not claim acme in its target file"
	case strings.HasPrefix(cause, report.CauseNoTLS):
		return "let the server trust the roots in the file that SSL_CERT_FILE names, which is " +
			"{{.CABundle}} in a target file"
	case strings.HasPrefix(cause, report.CauseNoListener):
		return "answer HTTP-01 challenges there, over plain HTTP (with autocert: " +
			"http.ListenAndServe(listen, manager.HTTPHandler(nil)))"
	case strings.HasPrefix(cause, report.CauseNoCertificate):
		return "see at \"CA saw\" which step failed; for http-01 the CA connects to port 80 of the " +
			"host, which leads to tls_letsencrypt_listen here, and for tls-alpn-01 to port 443"
	}
	return ""
}

// decoy says what the certificate of this name is.
const decoy = "the suite puts a certificate of this name where a wrong look-up finds it, such as " +
	"at the same path below the working directory"

// unindent removes the columns by which further lines of a message are aligned
// with the first.
func unindent(text string) string {
	return strings.TrimSpace(strings.ReplaceAll(text, "\n          ", "\n"))
}

// unlessSeen returns the lines of a log, or "" if a message shows all of them.
func unlessSeen(said string, shown []field) string {
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		if !slices.ContainsFunc(shown, func(f field) bool {
			return f.name == "seen" && strings.Contains(f.text, line)
		}) {
			return said
		}
	}
	return ""
}

// firstLines returns the lines of a configuration that a verdict shows.
func firstLines(config string) string {
	lines := strings.Split(strings.TrimRight(config, "\n"), "\n")
	if n := len(lines); n > maxConfig {
		rest := fmt.Sprintf("… %d more lines in config.txt", n-maxConfig+1)
		lines = append(lines[:maxConfig-1:maxConfig-1], rest)
	}
	return strings.Join(lines, "\n")
}
