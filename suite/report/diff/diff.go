package diff

import (
	"slices"

	"assay/scenarios"
	"assay/suite/report"
)

// Schema is the version of the JSON that [WriteJSON] writes.
const Schema = 1

// Diff holds what differs between two reports.
type Diff struct {
	Schema int `json:"schema"`
	From   Run `json:"from"`
	To     Run `json:"to"`
	// Notes say why the two reports cannot be compared in full: another
	// catalogue, another world, a run that did not finish, requirements that
	// both skipped.
	Notes []string `json:"notes,omitempty"`
	// Unfinished says that one of the runs failed or was interrupted, so that
	// a requirement without a verdict says nothing about the target.
	Unfinished bool `json:"unfinished,omitempty"`
	// Changes are the requirements that differ, worst first, then in
	// catalogue order.
	Changes []Change `json:"changes"`
	// Alike counts the requirements that both runs judged or observed and
	// that do not differ.
	Alike int `json:"alike"`
}

// Run identifies one of the two reports.
type Run struct {
	Target   string `json:"target"`
	Version  string `json:"version,omitempty"`
	Autocert string `json:"autocert,omitempty"`
	World    string `json:"world"`
	CA       string `json:"ca"`
	Go       string `json:"go"`
	OS       string `json:"os"`
}

// Change holds what differs in one requirement.
type Change struct {
	ID      string          `json:"id"`
	Title   string          `json:"title"`
	Level   scenarios.Level `json:"level"`
	Profile string          `json:"profile"`
	// Trend is the worst trend of the verdict and the cases if one of them is
	// Worse or Lost, and the best trend otherwise.
	Trend Trend `json:"trend"`

	Verdict      *VerdictChange      `json:"verdict,omitempty"` // nil if it is the same
	Cases        []VerdictChange     `json:"cases,omitempty"`
	Observations []ObservationChange `json:"observations,omitempty"`
}

// VerdictChange is a verdict that differs, of a requirement or of one of its
// cases.
type VerdictChange struct {
	Case  string  `json:"case,omitempty"`
	Trend Trend   `json:"trend"`
	From  Verdict `json:"from"`
	To    Verdict `json:"to"`
}

// Verdict holds what is compared of a verdict.
type Verdict struct {
	// Status is "" if the report does not have the requirement or case.
	Status report.Status `json:"status"`
	// Broken says that an assertion failed, judged or not.
	Broken bool   `json:"broken,omitempty"`
	Reason string `json:"reason,omitempty"` // for people, not compared
}

// ObservationChange is an observation that differs. A nil value means that the
// run did not observe it.
type ObservationChange struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	Case string `json:"case,omitempty"`
	From any    `json:"from"`
	To   any    `json:"to"`
}

// Exit returns the exit code for a difference: [report.ExitTrouble] if one of the
// runs did not finish, [report.ExitFailed] if a MUST got worse or, with strict,
// if anything differs, else [report.ExitOK].
func (d *Diff) Exit(strict bool) int {
	switch {
	case d.Unfinished:
		return report.ExitTrouble
	case strict && len(d.Changes) > 0, slices.ContainsFunc(d.Changes, mustGotWorse):
		return report.ExitFailed
	}
	return report.ExitOK
}

func mustGotWorse(c Change) bool { return c.Level == scenarios.Must && c.gotWorse() }
