package verdict

import (
	"strings"
	"time"

	"assay/suite/internal/redact"
	"assay/suite/report"
)

// Outcome holds what a spec reports about one case before it is judged. Workers
// hand it over as JSON.
type Outcome struct {
	ID     string        `json:"id"`
	Case   string        `json:"case,omitempty"` // "" in a requirement without a table
	Status report.Status `json:"status"`         // Passed, Failed, Skipped or Error
	// Reason is the message of the spec, with any number of lines.
	Reason       string               `json:"reason,omitempty"`
	Duration     time.Duration        `json:"duration,omitempty"`
	UsedCA       bool                 `json:"used_ca,omitempty"`     // see report.Result
	TriedTwice   string               `json:"tried_twice,omitempty"` // see report.Result
	Observations []report.Observation `json:"observations,omitempty"`
	Evidence     *report.Evidence     `json:"evidence,omitempty"`
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
	o.Reason = redactor.Text(strings.TrimSpace(o.Reason))
	for i := range o.Observations {
		x := &o.Observations[i]
		x.Value = mask.Value(x.Kind, x.Name, redactor.Value(redact.Plain(x.Value)))
	}
	if o.Status == report.Failed {
		o.Observations = append(o.Observations, report.Observation{
			Kind: "error", Name: report.Assertion, Value: mask.Text(o.Reason),
		})
	}
	if e := o.Evidence; e != nil {
		e.Config = redactor.Text(e.Config)
		e.Log = redactor.Lines(e.Log)
		for i := range e.ACME {
			x := &e.ACME[i]
			x.What, x.Detail = redactor.Text(x.What), redactor.Text(x.Detail)
		}
	}
}
