package diff_test

import (
	"log"
	"os"

	"assay/scenarios"
	"assay/suite/report"
	"assay/suite/report/diff"
)

// Compare the reports of two runs. Programs would read them with report.Read.
func ExampleCompare() {
	run := func(version string, s report.Status, reason string) *report.Report {
		return &report.Report{
			Target: report.Target{Name: "reference", Version: version},
			Results: []report.Result{{
				ID: "BYO-02", Title: "a relative path", Level: scenarios.Must,
				Status: s, Reason: reason,
			}},
		}
	}
	before := run("v1.0.0", report.Passed, "")
	after := run("v1.1.0", report.Failed, "served the decoy")
	if err := diff.WriteText(os.Stdout, diff.Compare(before, after), false); err != nil {
		log.Fatal(err)
	}
	// Output:
	// reference v1.0.0 → v1.1.0
	//
	// WORSE    BYO-02  MUST  a relative path
	//          passed → failed: served the decoy
	//
	// 1 of 1 requirements differ: 1 worse
}
