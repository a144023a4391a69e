package harness

import (
	"os"
	"path/filepath"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"

	"assay/suite/report"
)

// ResultsVariable names the file in which worker 1 leaves Ginkgo's report.
const ResultsVariable = "ASSAY_RESULTS"

// Outcome is what one case of a requirement brings home from its worker, in a
// Ginkgo report entry, beside what Ginkgo itself knows of the spec.
type Outcome struct {
	report.Outcome
	Broken    string // why Assay itself failed; empty if it did not
	Issuances int    // certificates that the spec's CA issued
}

// NewOutcome begins as passed; Ginkgo's report of the spec says how it ended.
func NewOutcome(id, row string) Outcome {
	return Outcome{Outcome: report.Outcome{ID: id, Case: row, Status: report.Passed}}
}

// EntryName is the report entry that holds the outcome.
const EntryName = "assay-outcome"

// Finish closes the spec's surroundings and hands in its outcome: evidence is
// gathered while there is still something to gather from.
func (e *Env) Finish() {
	spec := ginkgo.CurrentSpecReport()
	if !spec.Failed() && !spec.State.Is(types.SpecStateSkipped) {
		e.facts()
	}
	e.collect(spec.Failed())
	if spec.Failed() && e.Outcome.Broken == "" {
		e.Outcome.Broken = e.overload()
	}
	if e.setup.Keep != "" {
		if err := e.keep(); err != nil && e.Outcome.Broken == "" {
			e.Outcome.Broken = "keeping the spec's directory: " + err.Error()
		}
	}
	if err := e.Close(); err != nil && e.Outcome.Broken == "" {
		e.Outcome.Broken = "cleaning up: " + err.Error()
	}
	if err := os.RemoveAll(filepath.Dir(e.Dir)); err != nil && e.Outcome.Broken == "" {
		e.Outcome.Broken = "cleaning up: " + err.Error()
	}
	AddOutcome(e)
}

// AddOutcome hands the outcome to Ginkgo, which brings it, as JSON, to the
// process that gathers. Where there is none, under the command ginkgo, it would
// end up in Ginkgo's own reports, secrets and all.
func AddOutcome(e *Env) {
	if os.Getenv(ResultsVariable) == "" {
		return
	}
	ginkgo.AddReportEntry(EntryName, ginkgo.ReportEntryVisibilityNever, e.Outcome)
}
