package harness

import (
	"regexp"
	"slices"
	"strings"

	"assay/suite/internal/sut"
	"assay/suite/report"
)

// Logged tells whether the server has logged this, in any of its starts. It has to
// have ended: only then is its log complete.
func (v *Server) Logged(words string) bool { return v.s.among(v.Logs(), words) }

// NewLineWith selects lines that contain a text, but for those that these logs have
// too: what a server says of the thing when all is well is no complaint.
func (e *Env) NewLineWith(logs []*sut.Log, text string) func(sut.Line) bool {
	return func(l sut.Line) bool { return strings.Contains(l.Words(), text) && !e.among(logs, l.Words()) }
}

// among says whether logs have this line, but for what differs from start to
// start: times, ports, addresses, random parts and other numbers.
func (e *Env) among(logs []*sut.Log, words string) bool {
	mask := report.NewMask(e.roles())
	shape := func(text string) string { return number.ReplaceAllString(mask.Text(text), "0") }
	wanted := shape(words)
	return slices.ContainsFunc(logs, func(log *sut.Log) bool {
		return slices.ContainsFunc(log.Lines(), func(line sut.Line) bool { return shape(line.Words()) == wanted })
	})
}

// number matches one, masked or not.
var number = regexp.MustCompile(`[0-9]+|<port>`)

// ContainsAll selects log lines with each of these texts.
func ContainsAll(texts []string) func(sut.Line) bool {
	return func(l sut.Line) bool {
		return !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(l.Words(), text) })
	}
}

// Mentions matches log lines with a text.
func Mentions(text string) func(sut.Line) bool {
	return func(l sut.Line) bool { return strings.Contains(l.Words(), text) }
}

// WhereTheCAComes is a line about port 443, in whatever words.
var WhereTheCAComes = regexp.MustCompile(`(?i)\b443\b.*(warn|challenge|TLS-ALPN-01|forward)|(warn|challenge|TLS-ALPN-01|forward).*\b443\b`)

// warningLevel matches a line at warning level or above, in the words and the
// short forms that logs have for it.
var warningLevel = regexp.MustCompile(`(?i)(^|[^a-z])(warn|warning|wrn|error|err|fatal|ftl|panic)([^a-z]|$)`)

// noteWarnings looks at what the server wrote until it was ready. A line at
// warning level about a configuration that is in order is a finding, shown with
// the verdict: it is for people to say what is wrong, the server or the spec.
func (v *Server) noteWarnings() {
	names := strings.NewReplacer(v.s.Dir, "", v.s.Hostname, "") // which a case may have called an error
	lines := v.Process.Log().Lines()
	for _, line := range lines[:min(v.ready, len(lines))] {
		if v.Settings.challengedElsewhere() && WhereTheCAComes.MatchString(line.Words()) {
			continue // ALPN01-08 is about it
		}
		if warningLevel.MatchString(names.Replace(line.Words())) {
			v.s.warnings = append(v.s.warnings, line.Text)
		}
	}
}

// findings are the warnings that no spec announced.
func (e *Env) findings() {
	if len(e.warnings) > 0 && !Specs[e.requirement.ID].warned {
		e.Observe("log", report.Unannounced, e.warnings)
	}
}
