package report

import (
	"fmt"
	"slices"
	"strings"
)

// skips gathers what was skipped on both sides, by reason, so that it is not
// read as compared and alike.
type skips struct {
	reasons []string // in the order in which they were met
	names   map[string][]string
}

// add notes a requirement that was skipped on both sides, or those of its cases
// that were. The second side's reason stands for both.
func (s *skips) add(a, b *Result) {
	if a.Status == Skipped && b.Status == Skipped {
		s.note(b.ID, b.Reason)
		return
	}
	for _, c := range b.Cases {
		skipped := func(d Case) bool { return d.Case == c.Case && d.Status == Skipped && !leftOut(d.Reason) }
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

// notes says what was not compared, one line a reason.
func (s *skips) notes() []string {
	var notes []string
	for _, reason := range s.reasons {
		names := s.names[reason]
		notes = append(notes, fmt.Sprintf("%d skipped on both sides and not compared: %s: %s", len(names), strings.Join(names, " "), reason))
	}
	return notes
}
