package shards

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/scenarios"
	"assay/suite/report"
)

// part returns the report of one part of a run. The results of the requirements in
// ran are given, the others are left out by the shard.
func part(shard string, ran map[string]report.Status) *report.Report {
	r := &report.Report{
		Schema: report.Schema, Target: report.Target{Name: "x", Version: "v1"},
		Suite: report.Suite{Version: "v0.1.0", Catalogue: "sha256:a"}, World: "loopback",
		DurationMS: int64(len(ran)) * 10, CPUMS: 5, Issuances: 1,
		Selection: &report.Selection{Shard: shard},
	}
	for _, id := range []string{"A-01", "A-02", "A-03"} {
		x := report.Result{
			ID: id, Level: scenarios.Must, Profile: "a", Status: report.Skipped,
			Reason: "not selected (--shard " + shard + ")", LeftOut: true,
		}
		if status, ok := ran[id]; ok {
			x.Status, x.Reason, x.LeftOut = status, "seen", false
			x.Evidence = &report.Evidence{Dir: "evidence/" + id}
		}
		r.Results = append(r.Results, x)
	}
	r.Conclude()
	return r
}

func two() (a, b *report.Report) {
	return part("1/2", map[string]report.Status{"A-01": report.Passed, "A-03": report.Failed}),
		part("2/2", map[string]report.Status{"A-02": report.Passed})
}

func TestJoin(t *testing.T) {
	t.Parallel()
	a, b := two()
	a.LeftAside = []report.LeftAside{{ID: "A-01", Why: "x"}}
	b.LeftAside = []report.LeftAside{{ID: "A-01", Why: "x"}, {ID: "A-02", Why: "x"}}
	whole, err := Join([]*report.Report{b, a}, []string{"b", "a"})
	if err != nil {
		t.Fatal(err)
	}
	var got []report.Status
	for _, x := range whole.Results {
		got = append(got, x.Status)
	}
	want := []report.Status{report.Passed, report.Passed, report.Failed}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	if whole.Exit != report.ExitFailed || whole.DurationMS != 20 || whole.CPUMS != 10 ||
		whole.Issuances != 2 || whole.NotSelected != 0 || whole.Selection != nil ||
		len(whole.LeftAside) != 2 {
		t.Errorf("found %+v, expected exit 1, the longest time, sums, and the whole selection", whole)
	}
}

func TestJoinKeepsWhatOtherOptionsLeftOut(t *testing.T) {
	t.Parallel()
	a, b := two()
	for _, r := range []*report.Report{a, b} {
		r.Selection.Skip = []string{"A-02"}
		r.Results[1] = report.Result{ID: "A-02", Level: scenarios.Must, Status: report.Skipped,
			Reason: "not selected (--skip A-02)", LeftOut: true}
	}
	whole, err := Join([]*report.Report{a, b}, []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	if x := whole.Results[1]; !x.LeftOut || x.Reason != "not selected (--skip A-02)" {
		t.Errorf("found %+v, expected the reason of --skip", x)
	}
	if diff := cmp.Diff(&report.Selection{Skip: []string{"A-02"}}, whole.Selection); diff != "" {
		t.Errorf("selection (-want +got):\n%s", diff)
	}
}

func TestJoinRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(a, b *report.Report)
		says   string
	}{
		"another target": {
			func(_, b *report.Report) { b.Target.Name = "y" }, `b: found the target {"name":"y"`,
		},
		"another version": {func(_, b *report.Report) { b.Target.Version = "v2" }, `"version":"v2"`},
		"another catalogue": {
			func(_, b *report.Report) { b.Suite.Catalogue = "sha256:b" }, "found the suite",
		},
		"another world": {func(_, b *report.Report) { b.World = "namespace" }, "found the world"},
		"strict":        {func(_, b *report.Report) { b.Strict = true }, "found the strictness true"},
		"another selection": {
			func(_, b *report.Report) { b.Selection.Only = []string{"A-02"} }, "found the selection",
		},
		"one part twice": {
			func(_, b *report.Report) { b.Selection.Shard = "1/2" },
			"b: found shard 1/2, which a is too, expected each part once",
		},
		"a part is missing": {
			func(a, b *report.Report) { a.Selection.Shard, b.Selection.Shard = "1/3", "3/3" },
			"found no report of shard 2/3, expected all 3 parts",
		},
		"parts of two runs": {
			func(_, b *report.Report) { b.Selection.Shard = "2/3" }, "found shard 1/2 beside parts of 3",
		},
		"a whole run": {
			func(_, b *report.Report) { b.Selection = nil },
			"b: found a report of a whole run, expected one of assay run --shard",
		},
		"overlap": {
			func(_, b *report.Report) { b.Results[0] = report.Result{ID: "A-01", Status: report.Passed} },
			"b: found a result for A-01, which a has too, expected it in one part",
		},
		"a result less": {
			func(_, b *report.Report) { b.Results = b.Results[:2] },
			"b: found 2 results, expected 3 as in a",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := two()
			tt.change(a, b)
			_, err := Join([]*report.Report{a, b}, []string{"a", "b"})
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("found %v, expected %q", err, tt.says)
			}
		})
	}
}

// TestStore checks that files of evidence that a report only names are copied.
func TestStore(t *testing.T) {
	t.Parallel()
	a, b := two()
	var names []string
	for i, r := range []*report.Report{a, b} {
		dir := filepath.Join(t.TempDir(), "part")
		if err := report.Write(dir, r); err != nil {
			t.Fatal(err)
		}
		names = append(names, filepath.Join(dir, report.ReportFile))
		if i == 0 {
			evidence := filepath.Join(dir, "evidence/A-03")
			if err := os.MkdirAll(evidence, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(evidence, "more.bin"), []byte("x"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	whole, err := Join([]*report.Report{a, b}, names)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	if err := Store(out, whole, names); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(out, "evidence/A-03/more.bin")); err != nil {
		t.Error(err)
	}
	r, err := report.Read(filepath.Join(out, report.ReportFile))
	if err != nil || r.Exit != report.ExitFailed {
		t.Errorf("found %v, %v; expected a report with exit 1", r, err)
	}
}

func TestOfOneRun(t *testing.T) {
	t.Parallel()
	part := func(target, shard string) *report.Report {
		r := &report.Report{Target: report.Target{Name: target}}
		if shard != "" {
			r.Selection = &report.Selection{Shard: shard}
		}
		return r
	}
	for name, tt := range map[string]struct {
		reports []*report.Report
		want    bool
	}{
		"parts":              {[]*report.Report{part("a", "1/2"), part("a", "2/2")}, true},
		"a part is missing":  {[]*report.Report{part("a", "1/3"), part("a", "3/3")}, true},
		"of two servers":     {[]*report.Report{part("a", "1/2"), part("b", "2/2")}, false},
		"a part and a whole": {[]*report.Report{part("a", "1/2"), part("a", "")}, false},
		"whole runs":         {[]*report.Report{part("a", ""), part("a", "")}, false},
		"nothing":            {nil, false},
	} {
		if got := OfOneRun(tt.reports); got != tt.want {
			t.Errorf("%s: found %v, expected %v", name, got, tt.want)
		}
	}
}
