package suite

import (
	"regexp"
	"strings"

	"assay/suite/report"
)

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
		if v.Keys.challengedElsewhere() && whereTheCAComes.MatchString(line.Words()) {
			continue // ALPN01-08 is about it
		}
		if warningLevel.MatchString(names.Replace(line.Words())) {
			v.s.warnings = append(v.s.warnings, line.Text)
		}
	}
}

// findings are the warnings that no spec announced.
func (s *Scenario) findings() {
	if len(s.warnings) > 0 && !specs[s.requirement.ID].warned {
		s.Observe("log", report.Unannounced, s.warnings)
	}
}
