package render

import (
	"bytes"
	"strings"
	"testing"

	"assay/scenarios"
	"assay/suite/report"
)

func TestUnannouncedWarningsAreShown(t *testing.T) {
	t.Parallel()
	warned := func(id string) report.Result {
		return report.Result{
			ID: id, Profile: "byo", Level: scenarios.Must, Status: report.Passed,
			Observations: []report.Observation{{
				Kind: "log", Name: report.Unannounced,
				Value: []any{"<time> WARN: deprecated", "<time> WARN: deprecated"},
			}},
		}
	}
	r := &report.Report{Results: []report.Result{warned("X-01"), warned("X-02")}}
	for name, write := range map[string]func(*bytes.Buffer) error{
		"text":     func(b *bytes.Buffer) error { return WriteVerdict(b, r, Style{}) },
		"markdown": func(b *bytes.Buffer) error { return WriteMarkdown(b, r) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		for _, says := range []string{unannouncedTitle, "2 × ", "WARN: deprecated", "X-01 X-02"} {
			if !strings.Contains(b.String(), says) {
				t.Errorf("%s: expected %q in:\n%s", name, says, b.String())
			}
		}
	}
	if report.ExitCode(r) != report.ExitOK {
		t.Errorf("exit %d: warnings judge nothing", report.ExitCode(r))
	}
}
