package render

import (
	"fmt"
	"strings"
	"testing"

	"assay/scenarios"
	"assay/suite/report"
)

// failed returns a failed result with one case or none, with evidence.
func failed(id, message string, e *report.Evidence) report.Result {
	return report.Result{
		ID: id, Title: "a promise", Level: scenarios.Must, Profile: "acme", Status: report.Failed,
		Reason: message, UsedCA: true, Evidence: e,
	}
}

const noName = `http: TLS handshake error from 127.0.0.10:%d: Get "https://acme-v02.api.` +
	`letsencrypt.org/directory": dial tcp: lookup acme-v02.api.letsencrypt.org on 127.0.0.53:53: ` +
	`no such host`

// TestOneCause checks that failures with one cause are shown once, and name each
// other.
func TestOneCause(t *testing.T) {
	t.Parallel()
	const cause = report.CauseNoContact + ": lookup acme-v02.api.letsencrypt.org: no such host"
	r := &report.Report{}
	for i := range 31 {
		message := fmt.Sprintf("expected  a chain to root %da\nseen      TLS alert 80", i)
		if i%2 == 0 {
			message = "expected  a validation\nseen      none within 20s"
		}
		x := failed(fmt.Sprintf("ACME-%02d", i), message, &report.Evidence{
			Log: []string{"listening", fmt.Sprintf(noName, 40000+i)},
		})
		x.Cause = cause
		r.Results = append(r.Results, x)
	}
	other := failed("CHAIN-01", "expected  two certificates\nseen      one", &report.Evidence{})
	warning := failed("ACME-90", "expected  a\nseen      b",
		&report.Evidence{Log: []string{fmt.Sprintf(noName, 1)}})
	warning.Level, warning.Cause = scenarios.Should, cause
	needs := report.Result{
		ID: "ACME-91", Status: report.Skipped, Reason: "needs ACME-03, which failed",
	}
	r.Results = append(r.Results, other, warning, needs)
	var markdown strings.Builder
	if err := WriteMarkdown(&markdown, r); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"terminal": shown(t, r, Style{Width: 500}), "markdown": markdown.String(),
	} {
		if !strings.Contains(strings.ReplaceAll(text, `\_`, "_"), cause) {
			t.Errorf("%s: expected %q in\n%s", name, cause, text)
		}
		for _, want := range []string{
			"ACME-01 ACME-02", "ACME-30", "CHAIN-01", "for the same cause: ACME-90",
			"not judged, because what it needs failed: ACME-91", "for the same cause as ACME-00",
			"with autocert: Manager.Client =",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: expected %q in\n%s", name, want, text)
			}
		}
		if n := strings.Count(text, "no such host"); n > 3 {
			t.Errorf("%s: the cause is shown %d times", name, n)
		}
		if n := strings.Count(strings.ToUpper(text), "31 FAILURES"); n != 1 {
			t.Errorf("%s: %d groups of 31, expected one", name, n)
		}
	}
}

// TestFailuresThatOnlyLookAlike checks that different causes stay apart: another
// complaint of the server, and another expectation.
func TestFailuresThatOnlyLookAlike(t *testing.T) {
	t.Parallel()
	log := func(line string) *report.Evidence { return &report.Evidence{Log: []string{line}} }
	failures := []report.Result{
		failed("ACME-01", "expected  a chain\nseen      TLS alert 80", log("ERROR no cache directory")),
		failed("ACME-02", "expected  a chain\nseen      TLS alert 80", log("ERROR no key")),
		failed("ACME-03", "expected  a leaf\nseen      TLS alert 80", log("ERROR no key")),
	}
	var results []*report.Result
	for i := range failures {
		results = append(results, &failures[i])
	}
	if groups := byCause(results); len(groups) != 3 {
		t.Errorf("%d groups, expected 3: %+v", len(groups), groups)
	}
}

// TestFailureTellsTheStory checks the parts of a failure.
func TestFailureTellsTheStory(t *testing.T) {
	t.Parallel()
	x := failed("ACME-01", "awaited: the first handshake\nexpected  the certificate a\n"+
		"          and its chain\nseen      decoy", &report.Evidence{
		Dir: "evidence/ACME-01", Config: "a: 1\n", Repeat: "bin/assay run --only ACME-01",
		Log: []string{
			"--- start 1 of 2 ---", "ERROR from the control", "--- start 2 of 2 ---", "listening",
			"WARN order 17 failed", "WARN order 18 failed", "served",
		},
		ACME: []report.Exchange{
			{From: "target", What: "GET directory", Status: 200},
			{From: "target", What: "HEAD newNonce", Status: 200},
			{From: "target", What: "POST newAccount", Status: 201},
			{From: "target", What: "POST newOrder", Status: 201},
			{From: "target", What: "POST-as-GET authz", Status: 200},
			{From: "target", What: "POST challenge", Status: 200},
			{From: "ca", What: "connection to port 80 failed", Detail: "connection refused"},
			{From: "ca", What: "connection to port 80 failed", Detail: "connection refused"},
			{From: "ca", What: "challenge http-01 invalid", Detail: "urn:…:connection refused"},
		},
	})
	got := shown(t, &report.Report{Results: []report.Result{x}}, Style{Dir: "out"})
	for _, want := range []string{
		"  about       the first handshake\n",
		"  expected    the certificate a\n              and its chain\n",
		"  seen        decoy\n  decoy       the suite puts a certificate of this name where",
		"  said        WARN order 18 failed (2 times)\n",
		"  CA saw      GET directory → 200\n              newAccount → 201\n" +
			"              newOrder → 201\n              challenge → 200\n" +
			"              CA: connection to port 80 failed: connection refused (2 times)\n" +
			"              CA: challenge http-01 invalid: urn:…:connection refused\n",
		"  evidence    out/evidence/ACME-01\n  repeat      bin/assay run --only ACME-01\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("expected\n%s\nin\n%s", want, got)
		}
	}
}

// TestSilence checks what is said where nothing was said or asked.
func TestSilence(t *testing.T) {
	t.Parallel()
	x := failed("ACME-01", "expected  a\nseen      b", &report.Evidence{
		Config: "a: 1", Log: []string{"--- start 1 of 2 ---", "hello", "--- start 2 of 2 ---"},
	})
	got := shown(t, &report.Report{Results: []report.Result{x}}, Style{})
	for _, want := range []string{
		"said        nothing in start 2 of 2\n", "CA saw      no request\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("expected %q in\n%s", want, got)
		}
	}
}

// TestCasesAlike checks that cases which end in the same way are one entry, and that
// nothing of what differs is lost.
func TestCasesAlike(t *testing.T) {
	t.Parallel()
	x := failed("CFG-04", "", &report.Evidence{Case: "b"})
	for _, name := range []string{"a", "b", "c"} {
		message := "expected  a refusal\nseen      10:00:0" + name + " cfg-04-" + name + ".assay.test"
		message = strings.ReplaceAll(message, "0"+name, "05")
		x.Cases = append(x.Cases, report.Case{Case: name, Status: report.Failed, Reason: message})
	}
	x.Cases = append(x.Cases, report.Case{
		Case: "d", Status: report.Failed, Reason: "expected  a refusal\nseen      an exit",
	})
	got := shown(t, &report.Report{Results: []report.Result{x}}, Style{})
	for _, want := range []string{
		"case        b and 2 more like it of 4: failed (a, c)\n", "case        d: failed\n",
		"seen        an exit\n", "cfg-04-b.assay.test",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("expected %q in\n%s", want, got)
		}
	}
}
