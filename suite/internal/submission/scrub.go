package submission

import (
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strings"

	"assay/suite/internal/redact"
	"assay/suite/report"
)

// Private holds what a machine has that must not be sent.
type Private struct {
	Host string   // the name of the machine
	Dirs []string // absolute paths of directories that say who uses the machine
	// Secrets are values whose form does not show that they are secret, such as
	// the values of variables that are named like secrets.
	Secrets []string
}

// A Scrubber replaces secrets, paths of the machine, and its name. The zero value
// knows the forms of secrets and the usual places of directories.
type Scrubber struct {
	secrets redact.Redactor
	host    *regexp.Regexp // nil if the name is unknown or not worth hiding
	dirs    []string       // the longest first
}

// NewScrubber returns a Scrubber for a machine.
func NewScrubber(p Private) *Scrubber {
	s := &Scrubber{secrets: redact.New(p.Secrets...)}
	if name, _, _ := strings.Cut(p.Host, "."); len(name) > 2 && name != "localhost" {
		s.host = regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `(?:\.[\w-]+)*\b`)
	}
	for _, dir := range p.Dirs {
		if dir = path.Clean(dir); strings.Count(dir, "/") > 1 || dir == "/root" {
			s.dirs = append(s.dirs, dir)
		}
	}
	slices.SortFunc(s.dirs, func(a, b string) int { return len(b) - len(a) })
	return s
}

// scratch matches the temporary directory of a spec, below which each case has a
// directory of its own.
var scratch = regexp.MustCompile(
	`(?:/[^\s"'<>|:;,()\[\]{}/\\]+)+?/assay[\w-]*/(?:[\w-]+/)?\d+-\d+/[\w.-]+`)

// private matches a path below a directory in which people and build systems keep
// what is theirs. Go's debug information may name it by a path that leads up to the
// root.
var private = regexp.MustCompile(
	`(^|[^\w./~}%-])((?:(?:\.\./)+|/)(?:home|Users|root|tmp|var/tmp|var/folders|private|` +
		`dev/shm|run/user|mnt|media|Volumes|workspaces?|builds|__w|github)` +
		`(?:/[^\s"'<>|:;,()\[\]{}/\\]+)+)`)

// The forms of secrets that have nothing to do with ACME.
var secretForms = []struct {
	form *regexp.Regexp
	with string
}{
	{
		regexp.MustCompile(`\b(?:gh[oprsu]_|github_pat_|glpat-|xox[abps]-|sk_live_|npm_|hf_)[\w-]{16,}`),
		"<secret>",
	},
	{regexp.MustCompile(`\b(?:AKIA|ASIA)[0-9A-Z]{16}\b`), "<secret>"},
	{regexp.MustCompile(`\bAIza[\w-]{35}`), "<secret>"},
	{regexp.MustCompile(`(://)[^\s/:@"'<>]+:[^\s/@"'<>]+@`), "${1}<secret>@"},
	{regexp.MustCompile(`(?i)(\b(?:bearer|basic)\s+)[\w.~+/=-]{12,}`), "${1}<secret>"},
}

// named matches a value that is named like a secret.
var named = regexp.MustCompile(
	`(?i)([\w.-]*(?:passwo?r?d|secret|token|(?:api|access|private)[-_]?key|credential)[\w.-]*` +
		`["']?\s*[:=]\s*["']?)([^\s"',{}<>\[\]]{8,})`,
)

// Text returns a text without what must not be sent. Scrubbing twice has the
// result of scrubbing once.
func (s *Scrubber) Text(text string) string {
	text = s.secrets.Text(text)
	for _, f := range secretForms {
		text = f.form.ReplaceAllString(text, f.with)
	}
	text = named.ReplaceAllStringFunc(text, func(found string) string {
		m := named.FindStringSubmatch(found)
		if !random(m[2]) {
			return found
		}
		return m[1] + "<secret>"
	})
	return s.hosts(s.paths(text))
}

// random reports whether a value looks as if a program had made it up.
func random(value string) bool {
	return strings.ContainsAny(value, "0123456789") && strings.ContainsFunc(value, func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}) && !strings.ContainsAny(value, "/$")
}

// paths replaces the temporary directories of specs by <dir>, and other
// directories of the machine by <path>.
func (s *Scrubber) paths(text string) string {
	if !strings.Contains(text, "/") {
		return text
	}
	text = scratch.ReplaceAllString(text, "<dir>")
	for _, dir := range s.dirs {
		text = replaceDir(text, dir)
	}
	return private.ReplaceAllStringFunc(text, func(found string) string {
		m := private.FindStringSubmatch(found)
		return m[1] + "<path>/" + path.Base(m[2])
	})
}

// replaceDir replaces a directory, and what it is called by, where it stands as a
// whole.
func replaceDir(text, dir string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, dir)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		if after == "" || strings.IndexAny(after[:1], "/ \t\n\"':;,)]}<>") == 0 {
			b.WriteString("<path>")
		} else {
			b.WriteString(dir)
		}
		text = after
	}
}

// hosts replaces the name of the machine.
func (s *Scrubber) hosts(text string) string {
	if s.host == nil {
		return text
	}
	return s.host.ReplaceAllString(text, "<machine>")
}

// plain are the members that hold names of Assay and of the catalogue, by the
// member in which they are: "" is the report itself. They are not scrubbed, since a
// machine may be called like a status or like a server.
var plain = map[string][]string{
	"":        {"schema", "suite", "started", "world", "ca", "go", "os", "summary"},
	"results": {"id", "title", "level", "profile", "source", "text", "why", "status", "unclaimed"},
	"cases":   {"status"}, "observations": {"kind"}, "known_failures_left_aside": {"id"},
	"target": {"profiles"},
}

// Report returns a copy of a report without what must not be sent.
func (s *Scrubber) Report(r *report.Report) (*report.Report, error) {
	text, err := encode(r, "")
	if err != nil {
		return nil, err
	}
	var value map[string]any
	if err := json.Unmarshal(text, &value); err != nil {
		return nil, err
	}
	name := r.Target.Name
	if text, err = encode(s.value("", value), ""); err != nil {
		return nil, err
	}
	clean, err := report.Decode(text)
	if err != nil {
		return nil, err
	}
	// A server may have the name of the machine that it runs on.
	clean.Target.Name = (&Scrubber{secrets: s.secrets, dirs: s.dirs}).Text(name)
	return clean, nil
}

// value returns a JSON value with every text scrubbed. member is the name of the
// member that holds the value, or the list of values.
func (s *Scrubber) value(member string, v any) any {
	switch v := v.(type) {
	case string:
		return s.Text(v)
	case []any:
		for i := range v {
			v[i] = s.value(member, v[i])
		}
	case map[string]any:
		clean := map[string]any{}
		for key, x := range v {
			if slices.Contains(plain[member], key) {
				clean[key] = x
			} else {
				clean[s.Text(key)] = s.value(key, x)
			}
		}
		return clean
	}
	return v
}
