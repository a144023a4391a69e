package main

import (
	"testing"

	"assay/suite/report"
)

func TestOnlyStarved(t *testing.T) {
	t.Parallel()
	starved := report.Case{Status: report.Error, TriedTwice: "the machine was starved"}
	broken := report.Case{Status: report.Error}
	for _, tt := range []struct {
		name string
		r    report.Report
		want bool
	}{
		{"the run itself", report.Report{Error: "no world"}, false},
		{"a requirement", report.Report{Results: []report.Result{
			{Status: report.Error, TriedTwice: starved.TriedTwice}, {Status: report.Passed},
		}}, true},
		{"a requirement of Assay's own", report.Report{Results: []report.Result{
			{Status: report.Error},
		}}, false},
		{"cases", report.Report{Results: []report.Result{
			{Status: report.Error, Cases: []report.Case{starved, {Status: report.Failed}}},
		}}, true},
		{"a case of Assay's own", report.Report{Results: []report.Result{
			{Status: report.Error, Cases: []report.Case{starved, broken}},
		}}, false},
	} {
		if got := onlyStarved(&tt.r); got != tt.want {
			t.Errorf("%s: found %t, expected %t", tt.name, got, tt.want)
		}
	}
}
