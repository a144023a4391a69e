package main

import (
	"regexp"
	"strings"
	"testing"

	"assay/fixtures/instruments"
	"assay/fixtures/mutants"
	"assay/fixtures/overlay"
	"assay/suite/report"
)

// TestInstruments reads the instruments of this module. Every text that one replaces
// occurs exactly once in the suite, and every test, requirement and server that has to
// catch one exists.
func TestInstruments(t *testing.T) {
	t.Parallel()
	root, err := overlay.Root(mutants.Dir)
	if err != nil {
		t.Fatal(err)
	}
	all, err := loadInstruments(root, catalogue(t), options{})
	if err != nil {
		t.Fatal(err)
	}
	some, err := loadInstruments(root, catalogue(t), options{Sample: 3})
	if err != nil || len(some) != 3 || len(all) < 3 {
		t.Errorf("found %d of %d (%v), expected a sample of 3", len(some), len(all), err)
	}
	_, err = loadInstruments(root, catalogue(t), options{Names: []string{"none-*"}})
	if err == nil || !strings.Contains(err.Error(), "an instrument in fixtures/instruments") {
		t.Errorf("found %v, expected that no instrument has such a name", err)
	}
}

func instrument() *instruments.Instrument {
	return &instruments.Instrument{
		Name: "loss", File: "loss.yaml", Breaks: "everything is lost",
		CaughtBy: instruments.Catcher{Package: "pebble", Test: "TestJournal"},
		Seen:     regexp.MustCompile("no entry"),
	}
}

func TestJudgeTest(t *testing.T) {
	t.Parallel()
	const ran = "=== RUN   TestJournal\n"
	for name, c := range map[string]struct {
		output string
		failed bool
		result string
		remark string
	}{
		"caught":  {ran + "    no entry\n--- FAIL: TestJournal\n", true, "caught", ""},
		"missed":  {ran + "--- PASS: TestJournal\n", false, "missed", "the test passes"},
		"other":   {ran + "    a panic\n", true, "wrong", `expected a failure that matches "no entry":`},
		"skipped": {ran + "--- SKIP: TestJournal (0.00s)\n    no root\n", false, "skipped", ""},
		"no test": {"testing: warning: no tests to run\n", false, "error", ""},
		"no code": {"pebble/x.go:1:1: no entry\nFAIL\n", true, "error", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tested := testedInstrument{instrument: instrument()}
			tested.err = tested.judgeTest(c.output, c.failed)
			if tested.result() != c.result || !strings.HasPrefix(tested.remark, c.remark) {
				t.Errorf("found %s %q (%v), expected %s %q",
					tested.result(), tested.remark, tested.err, c.result, c.remark)
			}
		})
	}
}

func TestJudgeReportOfAnInstrument(t *testing.T) {
	t.Parallel()
	stopped := ran(result("ACME-01", report.Skipped, ""))
	stopped.Error = "the probe failed: no entry"
	for name, c := range map[string]struct {
		report *report.Report
		result string
	}{
		"fails":          {ran(result("ACME-01", report.Failed, "no entry")), "caught"},
		"ends in error":  {ran(result("ACME-01", report.Error, "no entry")), "caught"},
		"no run":         {stopped, "caught"},
		"another reason": {ran(result("ACME-01", report.Failed, "alert")), "wrong"},
		"passes":         {ran(result("ACME-01", report.Passed, "")), "missed"},
		"skipped":        {ran(result("ACME-01", report.Skipped, "no namespaces")), "skipped"},
		"not there":      {ran(result("BYO-01", report.Failed, "no entry")), "error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tested := testedInstrument{instrument: instrument()}
			tested.instrument.CaughtBy = instruments.Catcher{Requirement: "ACME-01"}
			tested.err = tested.judgeReport(c.report)
			if tested.result() != c.result {
				t.Errorf("found %s %q (%v), expected %s",
					tested.result(), tested.remark, tested.err, c.result)
			}
		})
	}
}

func TestPrintInstruments(t *testing.T) {
	t.Parallel()
	good := testedInstrument{instrument: instrument(), outcome: caught}
	bad := testedInstrument{instrument: instrument(), outcome: missed, remark: "the test passes"}
	away := testedInstrument{instrument: instrument(), missing: "no root"}
	broken := testedInstrument{instrument: instrument(), err: errTest}
	for name, c := range map[string]struct {
		tested []testedInstrument
		exit   int
		says   []string
	}{
		"caught": {[]testedInstrument{good, away}, exitOK, []string{
			"pebble.TestJournal  caught\n", "skipped: no root", "1 caught, 0 missed, 0 wrong, 1 skipped; ",
		}},
		"missed": {[]testedInstrument{good, bad}, exitWrong, []string{
			"loss (loss.yaml)\n  what is wrong with it: everything is lost\n  the test passes\n",
			"1 caught, 1 missed",
		}},
		"error": {[]testedInstrument{bad, broken}, exitTrouble, []string{
			"1 in error; ", "does not compile",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			if exit := printInstruments(&out, c.tested, 0); exit != c.exit {
				t.Errorf("exit %d, expected %d", exit, c.exit)
			}
			expectTexts(t, out.String(), c.says)
		})
	}
}
