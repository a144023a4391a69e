package report

import "strings"

// The reasons by which reports of older versions of Assay can be told, which
// lack the fields DidNotHold, LeftOut and Unclaimed. Newer reports have the
// same reasons together with the fields.
const (
	didNotHold = "does not hold: "
	leftOut    = "not selected"
	unclaimed  = "the target does not claim "
)

// complete sets the fields that a report of an older version of Assay lacks.
func (r *Result) complete() {
	r.DidNotHold = r.DidNotHold || r.Status == Observed && strings.Contains(r.Reason, didNotHold)
	r.LeftOut = r.LeftOut || r.Status == Skipped && strings.HasPrefix(r.Reason, leftOut)
	if chapters, ok := strings.CutPrefix(r.Reason, unclaimed); ok && r.Unclaimed == nil {
		r.Unclaimed = strings.Split(chapters, ", ")
	}
	for i := range r.Cases {
		c := &r.Cases[i]
		c.DidNotHold = c.DidNotHold || c.Status == Observed && strings.Contains(c.Reason, didNotHold)
		c.LeftOut = c.LeftOut || c.Status == Skipped && strings.HasPrefix(c.Reason, leftOut)
	}
}
