package report

import (
	"fmt"
	"strings"
)

// fromOutcome returns what a spec reported about a case, masked, before known
// failures and levels are looked at.
func fromOutcome(o Outcome, name string) verdict {
	secrets := NewRedactor(o.Secrets...)
	v := verdict{
		name: name, status: o.Status, reason: secrets.Text(strings.TrimSpace(o.Reason)), duration: o.Duration,
		held: o.Status == Passed, usedCA: o.UsedCA, triedTwice: o.TriedTwice,
	}
	switch o.Status {
	case Passed:
		v.reason = ""
	case Failed, Skipped, Error:
		if v.reason == "" {
			v.reason = "the spec gave no reason"
		}
	default:
		v.status, v.reason = Error, fmt.Sprintf("a spec reported the status %q", o.Status)
	}
	m := NewMask(o.Roles)
	for _, ob := range m.Observations(secrets.Observations(o.Observations)) { // what is masked is not recognised any more
		ob.Case = name
		v.observations = append(v.observations, ob)
	}
	if v.status == Failed {
		// Kept until it is known whether the requirement is judged.
		v.observations = append(v.observations, Observation{
			Kind: "error", Name: assertion, Case: name, Value: m.Text(v.reason),
		})
	}
	if o.Evidence != nil || len(o.Files) > 0 {
		v.evidence = secrets.evidence(copyEvidence(o))
	}
	return v
}

// assertion is the name of the observation that a failed assertion leaves in a
// requirement that is not judged.
const assertion = "assertion"

// doesNotHold stands in the reason of what is only observed, before that of the
// assertion that failed.
const doesNotHold = "does not hold: "

// observe turns a judged case into a recorded one.
func (j *judge) observe(req Requirement, v *verdict) {
	if v.status != Passed && v.status != Failed {
		return
	}
	failed := v.reason
	v.status, v.reason = Observed, ""
	if req.Autocert == Outside {
		v.reason = fmt.Sprintf("autocert %s is outside the range %q", orUnknown(j.in.Target.Autocert), req.AutocertRange)
	}
	if failed != "" {
		v.reason = strings.TrimPrefix(v.reason+"; "+doesNotHold+headline(failed), "; ")
	}
}
