package rehearsal

import (
	"strings"
	"testing"

	"assay/scenarios"
	"assay/suite/report"
)

func ran(ca string, exit int, results ...report.Result) Trial {
	r := &report.Report{CA: ca, Exit: exit, Target: report.Target{Name: "my-server"}}
	r.Results = results
	return Trial{CA: ca, Report: r}
}

func result(id string, status report.Status) report.Result {
	return report.Result{ID: id, Level: scenarios.Must, Status: status}
}

func TestWrite(t *testing.T) {
	good := ran("letsencrypt", report.ExitOK, result("ACME-01", report.Passed))
	bad := ran("google", report.ExitFailed, result("ACME-01", report.Failed),
		result("ACME-02", report.Passed), result("RES-01", report.Failed),
		result("RES-02", report.Skipped))
	broken := ran("step-ca", report.ExitTrouble)
	broken.Report.Error = "the target did not start\nand more"
	for _, c := range []struct {
		trials []Trial
		wanted int
		want   []string
	}{
		{[]Trial{good}, 1, []string{
			"passed with all 1 CAs → exit 0", "letsencrypt       1       0",
		}},
		{[]Trial{good, bad}, 2, []string{
			"google            1       2        1  ACME-01 RES-01\n",
			"passed with 1 of 2 CAs, and not with google → exit 1",
		}},
		{[]Trial{good}, 2, []string{"was tried with 1 of 2 CAs → exit 0"}},
		{[]Trial{good, bad, broken}, 3, []string{
			"the target did not start\n", "and not with google, step-ca → exit 2",
		}},
		{nil, 2, []string{"nothing was tried"}},
	} {
		var text strings.Builder
		if err := Write(&text, c.trials, c.wanted); err != nil {
			t.Fatal(err)
		}
		for _, want := range c.want {
			if !strings.Contains(text.String(), want) {
				t.Errorf("found\n%s\nexpected %q", text.String(), want)
			}
		}
	}
}
