package run

import (
	"slices"
	"strings"
	"testing"

	"assay/suite/report"
)

func TestGoTestRunSelectsRequirements(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		test, pattern string
		only, want    []string
	}{
		{"TestConformance", "", nil, nil},
		{"TestConformance", "^TestConformance$", nil, nil},
		{"TestConformance", "TestConformance/BYO-03", nil, []string{"BYO-03"}},
		{"TestConformance", "TestConformance/^(BYO-03|CFG-01)$", nil, []string{"CFG-01", "BYO-03"}},
		{"TestServers/mine", "TestServers/mine/CHAIN-01", nil, []string{"CHAIN-01"}},
		{"TestServers/mine", "TestServers/CHAIN-01", nil, nil},
		{"TestConformance", "TestConformance/BYO-03", []string{"CFG-*"}, []string{"CFG-*"}},
	} {
		got, err := SelectedByGoTest(row.test, row.pattern, row.only)
		if err != nil || !slices.Equal(got, row.want) {
			t.Errorf("%s with -run %q runs %q, error %v: expected %q", row.test, row.pattern, got, err,
				row.want)
		}
	}
}

func TestGoTestRunOfNothingIsAnError(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"TestConformance/NONE-01", "TestConformance/("} {
		if only, err := SelectedByGoTest("TestConformance", pattern, nil); err == nil ||
			!strings.Contains(err.Error(), "-run") {
			t.Errorf("-run %q selects %q, error %v: expected an error that names -run", pattern, only, err)
		}
	}
}

// TestUnfinished checks that WhyUnfinished returns the reason for every run that
// did not reach its end, whatever its results are.
func TestUnfinished(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		r    report.Report
		want string
	}{
		{report.Report{}, ""},
		{report.Report{Exit: report.ExitFailed}, ""},
		{report.Report{Error: "probe: it does not start"}, "probe: it does not start"},
		{report.Report{Interrupted: true}, "the run was interrupted"},
		{report.Report{Interrupted: true, Error: "probe: it does not start"},
			"the run was interrupted\nprobe: it does not start"},
	} {
		if got := WhyUnfinished(&row.r); got != row.want {
			t.Errorf("interrupted %t, error %q: found %q, expected %q", row.r.Interrupted, row.r.Error, got,
				row.want)
		}
	}
}
