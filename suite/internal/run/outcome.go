package run

import (
	"encoding/json"

	"github.com/onsi/ginkgo/v2/types"

	"assay/suite/internal/harness"
	"assay/suite/internal/verdict"
	"assay/suite/report"
)

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

func entry(spec types.SpecReport) (o harness.Outcome, ok bool) {
	for _, e := range spec.ReportEntries {
		if e.Name != harness.EntryName {
			continue
		}
		if err := json.Unmarshal([]byte(e.Value.AsJSON), &o); err != nil {
			o = harness.Outcome{Outcome: verdict.Outcome{
				Status: report.Error, Reason: "reading the outcome: " + err.Error(),
			}}
		}
		return o, true
	}
	return o, false
}
