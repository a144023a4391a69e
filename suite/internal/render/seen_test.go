package render

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/suite/report"
)

// TestCauses checks that failures for which the run found one cause are one group,
// whatever each of them saw, and that others have causes of their own.
func TestCauses(t *testing.T) {
	t.Parallel()
	failed := func(id, message, cause string) *report.Result {
		return &report.Result{ID: id, Status: report.Failed, Reason: message, Cause: cause}
	}
	const unreachable = report.CauseNoContact + ": lookup ca.example: no such host"
	first := failed("ACME-01", "expected a certificate; seen none", unreachable)
	other := failed("ACME-02", "expected a redirect; seen 404", "")
	third := failed("ACME-03", "expected one order; seen none", unreachable)
	causes := Causes([]*report.Result{first, other, third})
	var got [][]string
	for _, c := range causes {
		ids := []string{c.Text}
		for _, x := range c.Results {
			ids = append(ids, x.ID)
		}
		got = append(got, ids)
	}
	want := [][]string{
		{unreachable, "ACME-01", "ACME-03"},
		{"expected a redirect; seen 404", "ACME-02"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
	warned := failed("ACME-04", "expected two orders; seen none", unreachable)
	if !causes[0].Explains(warned) || causes[1].Explains(warned) {
		t.Errorf("%s is explained by the first cause: %t, by the second: %t; want only the first",
			warned.ID, causes[0].Explains(warned), causes[1].Explains(warned))
	}
}

// TestSeen checks that what was seen is that of the case that decided the status.
func TestSeen(t *testing.T) {
	t.Parallel()
	x := &report.Result{
		ID: "BYO-02", Status: report.Failed, UsedCA: true, Text: "Paths are relative.",
		Reason: "two: expected a; seen b (2 of 3 cases failed)",
		Cases: []report.Case{
			{Case: "one", Status: report.Failed, Reason: "expected  c\nseen      d"},
			{Case: "two", Status: report.Failed,
				Reason: "expected  a\nseen      decoy\n          too late"},
			{Case: "three", Status: report.Passed},
		},
		Evidence: &report.Evidence{Case: "two", Config: "a: b", Log: []string{"ERROR no"}},
	}
	want := []Part{
		{"case", "two: failed", true}, {"expected", "a", false}, {"seen", "decoy\ntoo late", false},
		{"decoy", decoy, true}, {"said", "ERROR no", false}, {"CA saw", "no request", false},
	}
	if diff := cmp.Diff(want, Seen(x)); diff != "" {
		t.Error(diff)
	}
}

func TestMessage(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]Part{
		"": nil,
		"awaited: a line\nexpected  a\nseen      b\n          c": {
			{"about", "a line", false}, {"expected", "a", false}, {"seen", "b\nc", false},
		},
		"the CA did not start": {{"", "the CA did not start", false}},
	} {
		if diff := cmp.Diff(want, Message(text)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}
