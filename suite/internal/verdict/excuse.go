package report

import (
	"fmt"
	"slices"
)

// excuse applies the target's known failures to the judged cases of one
// requirement. An entry for the ID alone covers every case; it is unexpectedly
// passed only if no case failed (see unexpected).
func (j *judge) excuse(req Requirement, cases []verdict) {
	whole := j.known[req.ID]
	for i := range cases {
		c := &cases[i]
		var own []KnownFailure
		if c.name != "" {
			own = j.known[req.ID+"/"+c.name]
		}
		entries := slices.Concat(own, whole)
		switch {
		case c.status == Failed && len(entries) > 0:
			excuseFailure(c, entries)
		case c.status == Passed && len(own) > 0:
			unexpectedPass(c, own[0])
		case c.status == Passed && len(whole) > 0 && len(cases) == 1:
			unexpectedPass(c, whole[0])
		}
	}
}

// excuseFailure makes a failed case a known failure if an entry that still
// counts describes it. Otherwise it stays failed, and says why it is not excused.
func excuseFailure(c *verdict, entries []KnownFailure) {
	var void *Excuse
	for _, k := range entries {
		e := &Excuse{Reason: k.Reason, Link: k.Link, Until: k.Until}
		switch {
		case k.Expired:
			e.Void = "the known failure expired"
			if k.Until != "" {
				e.Void += " on " + k.Until
			}
		case k.Seen != nil && !k.Seen.MatchString(c.reason):
			e.Void = fmt.Sprintf("not the known failure, which is seen as %q", k.Seen)
		default:
			c.status, c.excuse = KnownFailed, e
			return
		}
		if void == nil {
			void = e
		}
	}
	c.excuse = void
	c.suffix = " (" + void.Void + ")"
}

func unexpectedPass(v *verdict, k KnownFailure) {
	v.status = UnexpectedPassed
	v.excuse = &Excuse{Reason: k.Reason, Link: k.Link, Until: k.Until}
	v.reason = "passed, but is listed as a known failure (" + k.Reason + "): remove the entry"
}

// unexpected applies an entry for the whole of a requirement with a table: it
// passed unexpectedly if every case ran and passed. A skipped case may be the
// one that the entry is about.
func (j *judge) unexpected(req Requirement, v *verdict) {
	whole := j.known[req.ID]
	if len(whole) > 0 && count(v.cases, Passed) == len(v.cases) && req.Level != Observe && req.Autocert != Outside {
		unexpectedPass(v, whole[0])
	}
}
