package page

import (
	"assay/scenarios"
	"assay/suite/report"
)

// A Kind names the status of a requirement or a case on the page. A failure has
// one of three kinds: it fails the run, or is a SHOULD that is not met, or a MAY
// that is not offered.
type Kind struct {
	Key    string // in attributes and in the address of a filter
	Word   string
	Accent string // the class that colours it, one of base.css
}

// The kinds, in the order in which counts show them. Each has a symbol in
// symbols.html, named after its key.
var (
	errored    = Kind{"error", "error", "bad"}
	failed     = Kind{"failed", "failed", "bad"}
	unexpected = Kind{"unexpected-pass", "unexpected pass", "odd"}
	notMet     = Kind{"not-met", "not met", "warn"}
	notOffered = Kind{"not-offered", "not offered", "mute"}
	known      = Kind{"known-failure", "known failure", "warn"}
	observed   = Kind{"observed", "observed", "info"}
	passed     = Kind{"passed", "passed", "good"}
	skipped    = Kind{"skipped", "skipped", "mute"}
	notClaimed = Kind{"not-claimed", "not claimed", "mute"}
	leftOut    = Kind{"not-selected", "not selected", "mute"}

	kinds = []Kind{
		errored, failed, unexpected, notMet, known, passed, observed, notOffered, skipped,
		notClaimed, leftOut,
	}
)

// Kinds returns all kinds, in the order in which counts show them.
func Kinds() []Kind { return kinds }

// KindOf returns the kind of a result.
func KindOf(x *report.Result, strict bool) Kind {
	if x.Status == report.Failed && !x.Fails(strict) {
		return lenient(x.Level)
	}
	return statusKind(x.Status, x.LeftOut)
}

// caseKind returns the kind of a case of a result.
func caseKind(x *report.Result, c report.Case, strict bool) Kind {
	if c.Status == report.Failed && !x.Fails(strict) {
		return lenient(x.Level)
	}
	return statusKind(c.Status, c.LeftOut)
}

// lenient returns the kind of a failure that does not fail the run.
func lenient(l scenarios.Level) Kind {
	if l == scenarios.May {
		return notOffered
	}
	return notMet
}

func statusKind(s report.Status, out bool) Kind {
	switch s {
	case report.Error:
		return errored
	case report.Failed:
		return failed
	case report.UnexpectedPassed:
		return unexpected
	case report.KnownFailed:
		return known
	case report.Observed:
		return observed
	case report.Passed:
		return passed
	case report.NotClaimed:
		return notClaimed
	}
	if out {
		return leftOut
	}
	return skipped
}

// A count is how often a kind occurred.
type count struct {
	Kind Kind
	N    int
}

// tally counts kinds.
type tally map[Kind]int

// counts returns the kinds that occurred, in the order of [kinds].
func (t tally) counts() []count {
	var out []count
	for _, k := range kinds {
		if t[k] > 0 {
			out = append(out, count{k, t[k]})
		}
	}
	return out
}

// judged returns how many were run to a verdict.
func (t tally) judged() int {
	n := 0
	for k, m := range t {
		if k != skipped && k != notClaimed && k != leftOut {
			n += m
		}
	}
	return n
}

// failing returns how many fail the run.
func (t tally) failing() int { return t[errored] + t[failed] + t[unexpected] }
