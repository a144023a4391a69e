package suite

import (
	"encoding/json"
	"strings"

	"github.com/onsi/ginkgo/v2/types"

	"assay/suite/internal/verdict"
	"assay/suite/report"
)

// outcome is the outcome of one case, as its worker hands it over in an entry of
// Ginkgo's report.
type outcome struct {
	verdict.Outcome
	Broken    string // why Assay itself failed; empty if it did not
	Issuances int    // certificates that the spec's CA issued
}

// newOutcome returns the outcome of a spec that begins. See [addOutcome] for its
// status.
func newOutcome(id, row string) outcome {
	return outcome{Outcome: verdict.Outcome{ID: id, Case: row, Status: report.Passed}}
}

// entryName is the report entry that holds the outcome.
const entryName = "assay-outcome"

// outcomes returns the outcomes of the specs of a Ginkgo run, and the number of
// certificates that their CAs issued.
func outcomes(r types.Report) (results []verdict.Outcome, issuances int) {
	for _, spec := range r.SpecReports {
		if spec.LeafNodeType != types.NodeTypeIt {
			continue
		}
		o, ok := entry(spec)
		if !ok {
			continue // never began: the report says so for what it misses
		}
		issuances += o.Issuances
		o.Duration = spec.RunTime
		if o.Status == report.Passed && spec.Failed() { // after the outcome was handed over
			o.Status, o.Reason = report.Error, "cleaning up: "+spec.State.String()
		}
		results = append(results, o.Outcome)
	}
	return results, issuances
}

func entry(spec types.SpecReport) (o outcome, ok bool) {
	for _, e := range spec.ReportEntries {
		if e.Name != entryName {
			continue
		}
		if err := json.Unmarshal([]byte(e.Value.AsJSON), &o); err != nil {
			o = outcome{Outcome: verdict.Outcome{
				Status: report.Error, Reason: "reading the outcome: " + err.Error(),
			}}
		}
		return o, true
	}
	return o, false
}

// status tells a target's failure from Assay's own. A panic or a spec that
// ran into Ginkgo's timeout is Assay's: waits for a target have deadlines of
// their own, which fail with what was awaited. Where the timeout cut such a wait
// short, and the spec failed for it, the target was what kept it.
func status(spec types.SpecReport, o outcome) (report.Status, string) {
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
