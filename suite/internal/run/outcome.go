package run

import (
	"encoding/json"
	"strings"

	"github.com/onsi/ginkgo/v2/types"

	"assay/suite/internal/harness"
	"assay/suite/report"
)

// outcomes reads what the specs of a Ginkgo run brought home.
func outcomes(r types.Report) (results []report.Outcome, issuances int) {
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
		o.Status, o.Reason = status(spec, o)
		results = append(results, o.Outcome)
	}
	return results, issuances
}

func entry(spec types.SpecReport) (o harness.Outcome, ok bool) {
	for _, e := range spec.ReportEntries {
		if e.Name != harness.EntryName {
			continue
		}
		if err := json.Unmarshal([]byte(e.Value.AsJSON), &o); err != nil {
			o = harness.Outcome{Broken: "reading the outcome: " + err.Error()}
		}
		return o, true
	}
	return o, false
}

// status tells a target's failure from Assay's own. A panic or a spec that
// ran into Ginkgo's timeout is Assay's: waits for a target have deadlines of
// their own, which fail with what was awaited. Where the timeout cut such a wait
// short, and the spec failed for it, the target was what kept it.
func status(spec types.SpecReport, o harness.Outcome) (report.Status, string) {
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
