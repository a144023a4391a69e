package verdict

import (
	"strings"
	"time"

	"assay/suite/internal/limits"
	"assay/suite/internal/redact"
	"assay/suite/report"
	"assay/suite/report/words"
)

// Outcome holds what a spec reports about one case before it is judged. Workers
// hand it over as JSON.
type Outcome struct {
	ID     string        `json:"id"`
	Case   string        `json:"case,omitempty"` // "" in a requirement without a table
	Status report.Status `json:"status"`         // Passed, Failed, Skipped or Error
	// Reason is the message of the spec, with any number of lines.
	Reason string `json:"reason,omitempty"`
	// Cause is that of report.Result.
	Cause        string               `json:"cause,omitempty"`
	Duration     time.Duration        `json:"duration,omitempty"`
	UsedCA       bool                 `json:"used_ca,omitempty"`     // see report.Result
	TriedTwice   string               `json:"tried_twice,omitempty"` // see report.Result
	Observations []report.Observation `json:"observations,omitempty"`
	Evidence     *report.Evidence     `json:"evidence,omitempty"`
	// Whole says that the evidence is that of a failure, or that the user wants to
	// keep it: it is cut at the wide limits, and gets files. See [limits].
	Whole bool `json:"whole,omitempty"`
	// Limits are those that the case came near to, see report.Report.
	Limits []report.Limit `json:"limits,omitempty"`
	// Packets is the file with the packets of the spec's network; "" if there is none.
	Packets string `json:"packets,omitempty"`
}

// Sanitize makes an outcome fit for publication: it redacts secrets in every
// text, and masks the observations. Nothing does so later.
//
// Secrets are values that only the spec knows, beside those whose form shows
// that they are secret. Roles are the spec's own addresses, ports, directories
// and names: see [redact.NewMask]. A failed outcome gains an observation with
// its reason, which [Gather] keeps if the requirement is not judged.
func (o *Outcome) Sanitize(secrets []string, roles map[string]string) {
	redactor, mask := redact.New(secrets...), redact.NewMask(roles)
	o.Reason = words.Cut(redactor.Text(strings.TrimSpace(o.Reason)), limits.Reason)
	o.Cause = words.Cut(redactor.Text(o.Cause), limits.Reason)
	for i := range o.Observations {
		x := &o.Observations[i]
		// What is cut before it is redacted could leave the part of a secret.
		value := boundValue(redactor.Value(redact.Plain(x.Value)), 2*limits.Observation)
		x.Value = boundValue(mask.Value(x.Kind, x.Name, value), limits.Observation)
	}
	o.Observations = boundObservations(o.Observations)
	if o.Status == report.Failed {
		o.Observations = append(o.Observations, report.Observation{
			Kind: "error", Name: report.Assertion, Value: mask.Text(o.Reason),
		})
	}
	if o.Evidence != nil {
		if o.Whole {
			whole.apply(redactor, o.Evidence)
		}
		if !o.Whole || o.Evidence.Size() > limits.Case {
			brief.apply(redactor, o.Evidence)
		}
	}
}

// redactEvidence redacts every text but the log that a target can have a part in.
func redactEvidence(redactor redact.Redactor, e *report.Evidence) {
	e.Config = redactor.Text(e.Config)
	e.CaptureLeftOut = redactor.Text(e.CaptureLeftOut)
	for i := range e.ACME {
		x := &e.ACME[i]
		x.What, x.Detail = redactor.Text(x.What), redactor.Text(x.Detail)
	}
	known := map[string]string{} // most handshakes show the same certificates
	redacted := func(text *string) {
		again, found := known[*text]
		if !found {
			again = redactor.Text(*text)
			known[*text] = again
		}
		*text = again
	}
	for i := range e.Handshakes {
		h := &e.Handshakes[i]
		redacted(&h.Error)
		redacted(&h.ServerName)
		for j := range h.Chain {
			c := &h.Chain[j]
			redacted(&c.Subject)
			redacted(&c.Issuer)
			redacted(&c.PEM)
			for k := range c.Names {
				redacted(&c.Names[k])
			}
		}
	}
}
