package render

import (
	"strings"
	"testing"

	"assay/scenarios"
	"assay/suite/report"
)

// failedAs returns a failed MUST with a reason.
func failedAs(id, reason string) report.Result {
	return report.Result{
		ID: id, Level: scenarios.Must, Title: "the title of " + id, Profile: "byo",
		Text: "The promise of " + id + ".", Status: report.Failed, Reason: reason,
		Evidence: &report.Evidence{Repeat: "assay run --only " + id},
	}
}

func TestWriteFailure(t *testing.T) {
	t.Parallel()
	x := failedAs("BYO-03", "seen nothing")
	for like, want := range map[string][]string{
		"":       {"FAILED  BYO-03  MUST  the title", "promised", "seen", "repeat", "--only BYO-03"},
		"BYO-02": {"FAILED  BYO-03  MUST  the title", "the same cause as BYO-02", "--only BYO-03"},
	} {
		var b strings.Builder
		if err := WriteFailure(&b, &x, like, Style{}); err != nil {
			t.Fatal(err)
		}
		for _, text := range want {
			if !strings.Contains(b.String(), text) {
				t.Errorf("like %q: expected %q in:\n%s", like, text, b.String())
			}
		}
		if short := !strings.Contains(b.String(), "promised"); short != (like != "") {
			t.Errorf("like %q: found\n%s\nexpected the promise only if it was not printed", like, b.String())
		}
	}
}

// TestWriteFailureWithCause checks that a failure whose cause is known and was shown takes
// one line.
func TestWriteFailureWithCause(t *testing.T) {
	t.Parallel()
	x := failedAs("BYO-03", "seen nothing")
	x.Cause = report.CauseNoContact
	var b strings.Builder
	if err := WriteFailure(&b, &x, NoCertificate, Style{}); err != nil {
		t.Fatal(err)
	}
	want := "FAILED  BYO-03  MUST  the title of BYO-03 (same cause as NO CERTIFICATE, above)\n"
	if b.String() != want {
		t.Errorf("found %q, expected %q", b.String(), want)
	}
}

// TestWriteFailureOfEachKind checks that whatever may fail a run is written.
func TestWriteFailureOfEachKind(t *testing.T) {
	t.Parallel()
	strict, unexpected, broken := failedAs("A-01", "x"), failedAs("A-01", "x"), failedAs("A-01", "x")
	strict.Level = scenarios.Should
	unexpected.Status = report.UnexpectedPassed
	broken.Status, broken.Level = report.Error, scenarios.Observe
	for want, x := range map[string]report.Result{
		"FAILED  A-01  SHOULD": strict, "UNEXPECTED PASS  A-01": unexpected, "ERROR  A-01": broken,
	} {
		var b strings.Builder
		if err := WriteFailure(&b, &x, "", Style{}); err != nil || !strings.Contains(b.String(), want) {
			t.Errorf("found %q, error %v; expected %q", b.String(), err, want)
		}
	}
}

// TestVerdictPointsUp checks that failures which were printed before are listed, by
// their causes, and the others shown in full.
func TestVerdictPointsUp(t *testing.T) {
	t.Parallel()
	r := &report.Report{Results: []report.Result{
		failedAs("BYO-01", "seen a leaf alone"), failedAs("BYO-02", "seen a leaf alone"),
		failedAs("BYO-03", "seen nothing"), failedAs("BYO-04", "seen an alert"),
	}}
	text := shown(t, r, Style{Printed: func(x *report.Result) bool { return x.ID != "BYO-04" }})
	for _, want := range []string{
		"FAILED  BYO-04  MUST", "The promise of BYO-04",
		printedTitle + "\n  2 FAILURES  seen a leaf alone\n      BYO-01 BYO-02\n" +
			"  FAILED  BYO-03  MUST  the title of BYO-03\n",
		"4 failed",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("expected %q in:\n%s", want, text)
		}
	}
	if strings.Contains(text, "The promise of BYO-03") {
		t.Errorf("expected BYO-03 only in the list:\n%s", text)
	}
	if text := shown(t, r, Style{}); strings.Contains(text, printedTitle) {
		t.Errorf("expected no list without Printed:\n%s", text)
	}
}

func TestCauseKey(t *testing.T) {
	t.Parallel()
	one, two := failedAs("BYO-01", "seen x"), failedAs("BYO-02", "seen x")
	other := failedAs("BYO-03", "seen y")
	if CauseKey(&one) != CauseKey(&two) || CauseKey(&one) == CauseKey(&other) {
		t.Errorf("found %q, %q and %q, expected the first two to be equal",
			CauseKey(&one), CauseKey(&two), CauseKey(&other))
	}
}

func TestColumns(t *testing.T) {
	t.Parallel()
	for terminal, want := range map[int]int{0: 100, 20: 20, 80: 80, 100: 100, 200: 100} {
		if got := Columns(terminal); got != want {
			t.Errorf("%d columns: %d, expected %d", terminal, got, want)
		}
	}
}

// TestWriteIssuance checks that it is said why the target got no certificate, and what to
// do about each cause.
func TestWriteIssuance(t *testing.T) {
	t.Parallel()
	for cause, remedy := range map[string]string{
		report.CauseNoContact + ": lookup ca.example: no such host": "DirectoryURL",
		report.CauseNoContact:                           "does not claim acme",
		report.CauseNoTLS + ": x509: unknown authority": "SSL_CERT_FILE",
		report.CauseNoCertificate:                       "port 80",
		report.CauseNoListener:                          "HTTPHandler",
	} {
		x := report.Result{
			Level: scenarios.Must, Status: report.Failed, Cause: cause, UsedCA: true,
			Title: "one issuance", Reason: "TLS alert 80\x1b[2J",
			Evidence: &report.Evidence{Config: "acme_url: x\n", Log: []string{"ERROR no such host"}},
		}
		var b strings.Builder
		if err := WriteIssuance(&b, &x, Style{Width: 300}); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			"NO CERTIFICATE  " + cause + "\n", "tried       one issuance\n", "acme_url: x\n",
			`seen        TLS alert 80\x1b[2J`, "said        ERROR no such host\n",
			"CA saw      no request\n", "to do       ", remedy,
		} {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s: expected %q in\n%s", cause, want, b.String())
			}
		}
	}
}
