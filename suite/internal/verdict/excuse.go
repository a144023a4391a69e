package verdict

import (
	"fmt"
	"slices"
	"time"

	"assay/scenarios"
	"assay/suite/internal/sut"
	"assay/suite/report"
)

// excuse applies the target's known failures to the judged cases of one
// requirement. An entry for the ID alone covers every case. If the requirement has
// several cases, unexpected decides whether such an entry passed unexpectedly.
func (j *judge) excuse(req scenarios.Requirement, cases []judgement) {
	whole := j.known[req.ID]
	for i := range cases {
		c := &cases[i]
		var own []sut.KnownFailure
		if c.name != "" {
			own = j.known[req.ID+"/"+c.name]
		}
		entries := slices.Concat(own, whole)
		switch {
		case c.status == report.Failed && len(entries) > 0:
			j.excuseFailure(c, entries)
		case c.status == report.Passed && len(j.certain(own)) > 0:
			unexpectedPass(c, j.certain(own)[0])
		case c.status == report.Passed && len(j.certain(whole)) > 0 && len(cases) == 1:
			unexpectedPass(c, j.certain(whole)[0])
		}
	}
}

// excuseFailure makes a failed case a known failure if an entry that has not
// expired describes it. If none does, the case stays failed, and its reason says
// why the first entry does not excuse it.
func (j *judge) excuseFailure(c *judgement, entries []sut.KnownFailure) {
	var void *report.Excuse
	for _, k := range entries {
		e := excuseOf(k)
		e.Note = j.uncertainty(k)
		switch {
		case k.Expired(j.in.end()):
			e.Void = "the known failure expired on " + e.Until
		case k.Seen != nil && !k.Seen.MatchString(c.reason):
			e.Void = fmt.Sprintf("not the known failure, which is seen as %q", k.Seen)
		default:
			c.status, c.excuse = report.KnownFailed, e
			return
		}
		if void == nil {
			void = e
		}
	}
	c.excuse = void
	c.suffix = " (" + void.Void + ")"
}

func excuseOf(k sut.KnownFailure) *report.Excuse {
	e := &report.Excuse{Reason: k.Reason, Link: k.Link}
	if !k.Until.IsZero() {
		e.Until = k.Until.Format(time.DateOnly)
	}
	return e
}

func unexpectedPass(v *judgement, k sut.KnownFailure) {
	v.status, v.excuse = report.UnexpectedPassed, excuseOf(k)
	v.reason = "passed, but is listed as a known failure (" + k.Reason + "): remove the entry"
}

// unexpected applies an entry for the whole of a requirement with a table. The
// requirement passed unexpectedly if every case ran and passed. If a case was
// skipped, the entry may be about that case.
func (j *judge) unexpected(req scenarios.Requirement, v *judgement) {
	whole := j.certain(j.known[req.ID])
	if len(whole) > 0 && count(v.cases, report.Passed) == len(v.cases) && j.isJudged(req) {
		unexpectedPass(v, whole[0])
	}
}
