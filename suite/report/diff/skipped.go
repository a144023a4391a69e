package diff

import (
	"fmt"
	"slices"
	"strings"

	"assay/suite/report"
)

// skips collects what both runs skipped, by reason, so that nobody takes it for
// compared and alike.
type skips struct {
	reasons []string // in the order of their first use
	names   map[string][]string
}

// add notes a requirement that both runs skipped, or the cases of it that both
// skipped. The reason is that of the second run.
func (s *skips) add(a, b *report.Result) {
	if a.Status == report.Skipped && b.Status == report.Skipped {
		s.note(b.ID, b.Reason)
		return
	}
	for _, c := range b.Cases {
		skipped := func(x report.Case) bool {
			return x.Case == c.Case && x.Status == report.Skipped && !x.LeftOut
		}
		if skipped(c) && slices.ContainsFunc(a.Cases, skipped) {
			s.note(b.ID+"/"+c.Case, c.Reason)
		}
	}
}

func (s *skips) note(name, reason string) {
	if s.names == nil {
		s.names = map[string][]string{}
	}
	if s.names[reason] == nil {
		s.reasons = append(s.reasons, reason)
	}
	s.names[reason] = append(s.names[reason], name)
}

// notes returns one line for each reason.
func (s *skips) notes() []string {
	var notes []string
	for _, reason := range s.reasons {
		names := s.names[reason]
		notes = append(notes, fmt.Sprintf("%d skipped on both sides and not compared: %s: %s",
			len(names), strings.Join(names, " "), reason))
	}
	return notes
}
