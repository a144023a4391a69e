package harness

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"

	"assay/suite/internal/verdict"
	"assay/suite/report"
)

// ResultsVariable names the file in which worker 1 leaves Ginkgo's report.
const ResultsVariable = "ASSAY_RESULTS"

// Outcome is the outcome of one case, as its worker hands it over in an entry of
// Ginkgo's report.
type Outcome struct {
	verdict.Outcome
	Broken    string // why Assay itself failed; empty if it did not
	Issuances int    // certificates that the spec's CA issued
}

// NewOutcome returns the outcome of a spec that begins. [AddOutcome] sets its
// status when the spec has ended.
func NewOutcome(id, row string) Outcome {
	return Outcome{Outcome: verdict.Outcome{ID: id, Case: row, Status: report.Passed}}
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

// AddOutcome completes the outcome when the spec has ended, makes it fit for
// publication, and hands it to Ginkgo, which brings it, as JSON, to the process
// that gathers. Under the command ginkgo there is no such process.
func AddOutcome(e *Env) {
	if os.Getenv(ResultsVariable) == "" {
		return
	}
	e.Outcome.Status, e.Outcome.Reason = status(ginkgo.CurrentSpecReport(), e.Outcome)
	e.Outcome.Sanitize(e.known, e.masks)
	ginkgo.AddReportEntry(EntryName, ginkgo.ReportEntryVisibilityNever, e.Outcome)
}

// status tells a target's failure from Assay's own. A panic or a spec that
// ran into Ginkgo's timeout is Assay's: waits for a target have deadlines of
// their own, which fail with what was awaited. Where the timeout cut such a wait
// short, and the spec failed for it, the target was what kept it.
func status(spec types.SpecReport, o Outcome) (report.Status, string) {
	message := spec.Failure.Message
	switch {
	case o.Broken != "":
		return report.Error, o.Broken
	case spec.State.Is(types.SpecStatePassed):
		return report.Passed, ""
	case spec.State.Is(types.SpecStateSkipped):
		return report.Skipped, message
	case spec.State.Is(types.SpecStateFailed):
		return report.Failed, message
	case spec.State.Is(types.SpecStatePanicked):
		return report.Error, "panic: " + spec.Failure.ForwardedPanic
	case spec.State.Is(types.SpecStateTimedout) && cutShort(spec) != "":
		return report.Failed, cutShort(spec)
	case spec.State.Is(types.SpecStateInterrupted):
		return report.Skipped, "interrupted"
	default:
		return report.Error, spec.State.String() + ": " + message
	}
}

// cutShort is the failure with which a spec answered the end of its time; "" if
// it did not. Ginkgo puts a line of its own before it.
func cutShort(spec types.SpecReport) string {
	then := spec.Failure.AdditionalFailure
	if then == nil || !then.State.Is(types.SpecStateFailed) {
		return ""
	}
	_, message, _ := strings.Cut(then.Failure.Message, "\n")
	return message + "\n(the time of the whole spec was over)"
}
