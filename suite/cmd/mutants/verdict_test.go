package main

import (
	"regexp"
	"strings"
	"testing"

	"assay/fixtures/mutants"
	"assay/suite/report"
)

// ran returns a report with these results.
func ran(results ...report.Result) *report.Report { return &report.Report{Results: results} }

func result(id string, status report.Status, reason string, cases ...report.Case) report.Result {
	return report.Result{ID: id, Status: status, Reason: reason, Cases: cases}
}

func row(name string, status report.Status, reason string) report.Case {
	return report.Case{Case: name, Status: status, Reason: reason}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	const decoy = "expected the certificate, seen decoy"
	paths := mutants.Mutant{
		Fails: []string{"BYO-02"},
		Also:  []mutants.Consequence{{ID: "ACME-02", Because: "…"}},
		Seen:  regexp.MustCompile("decoy"),
	}
	oneCase := mutants.Mutant{Fails: []string{"BYO-09/none"}}
	chapter := mutants.Mutant{
		Fails: []string{"BYO-01"},
		Also:  []mutants.Consequence{{ID: "BYO-*", Because: "…"}},
	}
	near := mutants.Mutant{
		Fails: []string{"BYO-18"},
		Also:  []mutants.Consequence{{ID: "BYO-*", Because: "…"}},
		Clear: []string{"BYO-24"},
	}
	for name, c := range map[string]struct {
		mutant mutants.Mutant
		report *report.Report
		want   outcome
		remark string // the only remark; "" for none
	}{
		"everything as listed": {
			paths,
			ran(result("BYO-01", report.Passed, ""),
				result("BYO-02", report.Failed, decoy), result("ACME-02", report.Failed, "no files")),
			caught, "",
		},
		"one case of several is enough for the ID": {
			paths,
			ran(
				result("BYO-02", report.Failed, "",
					row("beside", report.Passed, ""), row("dot-dot", report.Failed, decoy)),
				result("ACME-02", report.Failed, ""),
			),
			caught, "",
		},
		"nothing fails": {
			paths,
			ran(result("BYO-02", report.Passed, ""), result("ACME-02", report.Skipped, "no CA")),
			missed, "BYO-02: expected a failure, but it has the status passed",
		},
		"only a consequence fails": {
			paths,
			ran(result("BYO-02", report.Passed, ""), result("ACME-02", report.Failed, "")),
			missed, "BYO-02: expected a failure, but it has the status passed",
		},
		"skipped is not failed": {
			paths,
			ran(result("BYO-02", report.Skipped, "openssl is not on PATH"),
				result("ACME-02", report.Failed, "")),
			missed, "BYO-02: expected a failure, but it was skipped: openssl is not on PATH",
		},
		"another reason": {
			paths,
			ran(result("BYO-02", report.Failed, "no listener"), result("ACME-02", report.Failed, "")),
			wrong, `BYO-02: failed, expected a reason that matches "decoy": no listener`,
		},
		"more fails than is listed": {
			paths,
			ran(result("CFG-01", report.Failed, "no answer"),
				result("BYO-02", report.Failed, decoy), result("ACME-02", report.Failed, "")),
			wrong, "CFG-01: failed, but the file does not list it: no answer",
		},
		"less fails than is listed": {
			paths,
			ran(result("BYO-02", report.Failed, decoy), result("ACME-02", report.Passed, "")),
			wrong, "ACME-02: listed under also, but nothing of it failed",
		},
		"a consequence is skipped": {
			paths,
			ran(result("BYO-02", report.Failed, decoy), result("ACME-02", report.Skipped, "no CA")),
			caught, "",
		},
		"the case that is named": {
			oneCase,
			ran(result("BYO-09", report.Failed, "",
				row("listed", report.Passed, ""), row("none", report.Failed, "alert"))),
			caught, "",
		},
		"another case as well": {
			oneCase,
			ran(result("BYO-09", report.Failed, "",
				row("listed", report.Failed, "alert"), row("none", report.Failed, "alert"))),
			wrong, "BYO-09/listed: failed, but the file does not list it: alert",
		},
		"another case instead": {
			oneCase,
			ran(result("BYO-09", report.Failed, "",
				row("listed", report.Passed, ""), row("none", report.Passed, ""))),
			missed, "BYO-09/none: expected a failure, but it has the status passed",
		},
		"a chapter fails as a consequence": {
			chapter,
			ran(result("BYO-01", report.Failed, ""),
				result("BYO-02", report.Failed, ""), result("BYO-03", report.Passed, "")),
			caught, "",
		},
		"what must be clear": {
			near,
			ran(result("BYO-18", report.Failed, ""), result("BYO-24", report.Passed, "")),
			caught, "",
		},
		"what must be clear is skipped": {
			near,
			ran(result("BYO-18", report.Failed, ""), result("BYO-24", report.Skipped, "no tool")),
			caught, "",
		},
		"what must be clear fails": {
			near,
			ran(result("BYO-18", report.Failed, ""), result("BYO-24", report.Failed, "")),
			wrong, "BYO-24: listed under clear, but it has the status failed",
		},
		"what must be clear was not run": {
			near, ran(result("BYO-18", report.Failed, "")),
			wrong, "BYO-24: listed under clear, but it has the status not-claimed",
		},
		"nothing of a chapter fails": {
			mutants.Mutant{Fails: []string{"CFG-01"}, Also: chapter.Also},
			ran(result("CFG-01", report.Failed, ""), result("BYO-01", report.Passed, "")),
			wrong, "BYO-*: listed under also, but nothing of it failed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := judge(&c.mutant, c.report)
			if err != nil {
				t.Fatal(err)
			}
			if remarks := strings.Join(v.remarks, "\n"); v.outcome != c.want || remarks != c.remark {
				t.Errorf("found    %s: %s\nexpected %s: %s", v.outcome, remarks, c.want, c.remark)
			}
		})
	}
}

func TestReportsThatAllowNoVerdictOnAMutant(t *testing.T) {
	t.Parallel()
	m := &mutants.Mutant{Fails: []string{"BYO-01"}}
	for name, r := range map[string]*report.Report{
		"a probe that failed": {Error: "probe: it does not start"},
		"an error of Assay": ran(
			result("BYO-01", report.Failed, ""), result("CFG-01", report.Error, "no namespace")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if v, err := judge(m, r); err == nil {
				t.Errorf("found %v, expected an error", v)
			}
		})
	}
}

func TestPrintMutants(t *testing.T) {
	t.Parallel()
	good := testedMutant{
		mutant:  &mutants.Mutant{Server: serverNamed("good"), Fails: []string{"BYO-01"}},
		verdict: verdict{outcome: caught, failed: []string{"BYO-01"}},
	}
	bad := testedMutant{
		mutant: &mutants.Mutant{
			Server: serverNamed("bad"), Breaks: "everything", Fails: []string{"BYO-02"},
		},
		verdict: verdict{outcome: missed, remarks: []string{"BYO-02: expected a failure"}},
	}
	broken := testedMutant{
		mutant: &mutants.Mutant{Server: serverNamed("broken"), Fails: []string{"BYO-03"}}, err: errTest,
	}
	for name, c := range map[string]struct {
		tested []testedMutant
		exit   int
		says   []string
		end    string
	}{
		"all caught": {
			[]testedMutant{good}, exitOK,
			[]string{"1 caught, 0 missed, 0 wrong; "}, "\n1 passed, 0 failed\n",
		},
		"one missed": {
			[]testedMutant{good, bad}, exitWrong,
			[]string{
				"1 caught, 1 missed, 0 wrong; ",
				"bad (bad.yaml)\n  what is wrong with it: everything\n  BYO-02: expected a failure",
			},
			"\n1 passed, 1 failed\n",
		},
		"an error": {
			[]testedMutant{bad, broken}, exitTrouble,
			[]string{"0 caught, 1 missed, 0 wrong, 1 in error; ", "does not compile"},
			"\n0 passed, 2 failed\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			if exit := printMutants(&out, c.tested, 0); exit != c.exit {
				t.Errorf("exit %d, expected %d", exit, c.exit)
			}
			expectTexts(t, out.String(), c.says)
			if !strings.HasSuffix(out.String(), c.end) {
				t.Errorf("expected the end %q of\n%s", c.end, out.String())
			}
		})
	}
}

// expectTexts checks that an output holds all these texts.
func expectTexts(t *testing.T, output string, texts []string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(output, text) {
			t.Errorf("expected %q in\n%s", text, output)
		}
	}
}
