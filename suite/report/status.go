package report

import (
	"fmt"
	"slices"
)

// Status is the verdict on a requirement or on one of its cases.
type Status string

// The statuses of a result. The outcome of a spec is one of Passed, Failed,
// Skipped and Error. The others follow from the catalogue, from what the target
// claims and from its known failures.
const (
	Passed           Status = "passed"
	Failed           Status = "failed"
	Observed         Status = "observed"        // recorded, not judged
	Skipped          Status = "skipped"         // claimed, but not run to a verdict; has a reason
	NotClaimed       Status = "not-claimed"     // not claimed by the target, not run
	KnownFailed      Status = "known-failure"   // failed as the target's list describes
	UnexpectedPassed Status = "unexpected-pass" // passed, but listed as a known failure
	Error            Status = "error"           // Assay itself failed
)

// Statuses lists all statuses, worst first. The status of a requirement is the
// first one in this list that any of its cases has.
var Statuses = []Status{
	Error, Failed, UnexpectedPassed, KnownFailed, Observed, Passed, Skipped, NotClaimed,
}

// WorseThan reports whether s stands before other in [Statuses].
func (s Status) WorseThan(other Status) bool {
	return slices.Index(Statuses, s) < slices.Index(Statuses, other)
}

// broken reports whether the status says that an assertion failed.
func (s Status) broken() bool { return s == Failed || s == Error || s == KnownFailed }

// UnmarshalText sets the status to the one that text names. Any other text is an
// error that says what was expected.
func (s *Status) UnmarshalText(text []byte) error {
	if v := Status(text); slices.Contains(Statuses, v) {
		*s = v
		return nil
	}
	return fmt.Errorf("status %q: expected one of %v", text, Statuses)
}
