package report

import (
	"fmt"
	"slices"
)

// Level is a requirement's level as RFC 2119 defines it, or [Observe].
type Level string

// The levels of the catalogue.
const (
	Must    Level = "MUST"
	Should  Level = "SHOULD"  // failed: shown as a warning
	May     Level = "MAY"     // failed: shown as not offered
	Observe Level = "OBSERVE" // recorded for comparison, never judged
)

// Levels lists all levels, strictest first.
var Levels = []Level{Must, Should, May, Observe}

// Status is the verdict on a requirement or on a case of it.
type Status string

// The statuses of a result. A spec's outcome is one of Passed, Failed, Skipped
// and Error; Gather derives the others.
const (
	Passed           Status = "passed"
	Failed           Status = "failed"
	Observed         Status = "observed"        // recorded, not judged
	Skipped          Status = "skipped"         // claimed, but prevented; always with a reason
	NotClaimed       Status = "not-claimed"     // the target does not claim it; not run
	KnownFailed      Status = "known-failure"   // failed as the target's list describes
	UnexpectedPassed Status = "unexpected-pass" // passed although the list says that it fails
	Error            Status = "error"           // Assay itself failed
)

// Statuses lists all statuses, worst first. The status of a requirement is the
// first one here that any of its cases has.
var Statuses = []Status{Error, Failed, UnexpectedPassed, KnownFailed, Observed, Passed, Skipped, NotClaimed}

func (s Status) rank() int { return slices.Index(Statuses, s) }

// UnmarshalText refuses anything but a known level.
func (l *Level) UnmarshalText(text []byte) error {
	if v := Level(text); slices.Contains(Levels, v) {
		*l = v
		return nil
	}
	return fmt.Errorf("level %q: expected one of %v", text, Levels)
}

// UnmarshalText refuses anything but a known status.
func (s *Status) UnmarshalText(text []byte) error {
	if v := Status(text); slices.Contains(Statuses, v) {
		*s = v
		return nil
	}
	return fmt.Errorf("status %q: expected one of %v", text, Statuses)
}

// Of returns the counts of one level.
func (s Summary) Of(l Level) Counts {
	switch l {
	case Must:
		return s.Must
	case Should:
		return s.Should
	case May:
		return s.May
	default:
		return s.Observe
	}
}

// Total returns the number of requirements with the given status at any level.
func (s Summary) Total(st Status) int {
	n := 0
	for _, l := range Levels {
		n += s.Of(l)[st]
	}
	return n
}

// summarise counts results; every level is present, even when empty.
func summarise(results []Result) Summary {
	s := Summary{Must: Counts{}, Should: Counts{}, May: Counts{}, Observe: Counts{}}
	for _, r := range results {
		s.Of(r.Level)[r.Status]++
	}
	return s
}
