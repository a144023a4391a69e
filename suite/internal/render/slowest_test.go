package render

import (
	"strings"
	"testing"

	"assay/suite/report"
)

func TestSlowest(t *testing.T) {
	t.Parallel()
	r := &report.Report{Results: []report.Result{
		{ID: "A-01", Title: "quick", Status: report.Passed, DurationMS: 100},
		{ID: "A-02", Title: "slow", Status: report.Passed, DurationMS: 9000,
			Cases: []report.Case{{Case: "a"}, {Case: "b"}}},
		{ID: "A-03", Title: "skipped", Status: report.Skipped, DurationMS: 99999},
		{ID: "A-04", Title: "middle", Status: report.Failed, DurationMS: 2000},
	}}
	text := shown(t, r, Style{Slowest: 2})
	_, list, found := strings.Cut(text, slowestTitle+"\n")
	if !found || !strings.HasPrefix(list, "  9.0 s A-02 (2 cases) slow\n  2.0 s A-04 middle\n\n") {
		t.Errorf("expected the two slowest, the slowest first, in:\n%s", text)
	}
	if text := shown(t, r, Style{}); strings.Contains(text, slowestTitle) {
		t.Errorf("expected no list of slow requirements in:\n%s", text)
	}
}
