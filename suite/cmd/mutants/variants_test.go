package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/fixtures/variants"
	"assay/scenarios"
	"assay/suite/internal/sut"
	"assay/suite/report"
)

func loadVariants(t *testing.T) []*variants.Variant {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	all, err := variants.Load(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestVariantsAreManyAndDifferent keeps up how much the suite is tried for
// accusations.
func TestVariantsAreManyAndDifferent(t *testing.T) {
	t.Parallel()
	all := loadVariants(t)
	own, scripts := 0, 0
	for _, v := range all {
		if v.Own() {
			own++
		}
		if v.Script != "" {
			scripts++
		}
	}
	if len(all) < 12 || own < 2 || scripts < 1 {
		t.Errorf("found %d variants, %d of them with no code of the reference's, %d of these not written in Go; expected 12, 2 and 1 at least", len(all), own, scripts)
	}
}

// TestVariantsNameWhatThereIs reads what the variants' files leave to the
// suite: target files, chapters and IDs.
func TestVariantsNameWhatThereIs(t *testing.T) {
	t.Parallel()
	c, dir := catalogue(t), t.TempDir()
	all := loadVariants(t)
	if err := checkTouches(all, c); err != nil {
		t.Error(err)
	}
	for _, v := range all {
		file := filepath.Join(dir, v.Name+".yaml")
		if err := os.WriteFile(file, v.Target, 0o644); err != nil {
			t.Fatal(err)
		}
		read, err := sut.Load(file, c.Knows)
		if err != nil {
			t.Errorf("%s: %v", v.File, err)
			continue
		}
		if len(read.KnownFailures) > 0 {
			t.Errorf("%s: found known failures, expected none of a correct server", v.File)
		}
		for _, id := range v.Lacks {
			if r, _, found := c.Find(id); !found || r.Level != scenarios.May {
				t.Errorf("%s: lacks: found %s, expected a requirement that a server MAY meet", v.File, id)
			}
		}
	}
}

func TestUnknownTouchesAreFound(t *testing.T) {
	t.Parallel()
	err := checkTouches([]*variants.Variant{{File: "v.yaml", Touches: []string{"byo", "byoo", "ACME-*", "ACME-99"}}}, catalogue(t))
	if err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Fatalf("found %v, expected two mistakes", err)
	}
	for _, want := range []string{"v.yaml: touches: found byoo,", "v.yaml: touches: found ACME-99,"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("expected %s in\n%v", want, err)
		}
	}
}

func TestTouched(t *testing.T) {
	t.Parallel()
	ids := touched(&variants.Variant{Touches: []string{"expiry", "EXPIRY-01", "BYO-0*"}}, catalogue(t))
	if got := strings.Join(ids, " "); !strings.HasPrefix(got, "BYO-01 BYO-02 ") || !strings.HasSuffix(got, " BYO-09 EXPIRY-01 EXPIRY-02 EXPIRY-03") {
		t.Errorf("found %s", got)
	}
}

func TestAccusations(t *testing.T) {
	t.Parallel()
	v := &variants.Variant{Lacks: []string{"BYO-16"}}
	level := func(l scenarios.Level, r report.Result) report.Result { r.Level = l; return r }
	for name, c := range map[string]struct {
		report *report.Report
		judged int
		want   string
		err    bool
	}{
		"all well":              {ran(result("BYO-01", report.Passed, ""), result("BYO-02", report.Skipped, "no sh")), 1, "", false},
		"a MUST":                {ran(level(scenarios.Must, result("BYO-01", report.Failed, "no listener"))), 1, "MUST BYO-01: no listener", false},
		"a case of a SHOULD":    {ran(level(scenarios.Should, result("BYO-05", report.Failed, "", row("a", report.Passed, ""), row("b", report.Failed, "silent")))), 1, "SHOULD BYO-05/b: silent", false},
		"a MAY that it lacks":   {ran(level(scenarios.May, result("BYO-16", report.Failed, "no"))), 1, "", false},
		"another MAY":           {ran(level(scenarios.May, result("BYO-17", report.Failed, "no"))), 1, "MAY BYO-17: no", false},
		"an excuse":             {ran(result("BYO-01", report.KnownFailed, "")), 0, "", true},
		"an error of Assay's":   {ran(result("BYO-01", report.Error, "no namespace")), 0, "", true},
		"the probe failed":      {&report.Report{Error: "probe"}, 0, "", true},
		"nothing was looked at": {ran(result("BYO-01", report.Skipped, "")), 0, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			judged, accused, err := accusations(v, c.report)
			if judged != c.judged || strings.Join(accused, "\n") != c.want || (err != nil) != c.err {
				t.Errorf("found %d judged, %q (%v), expected %d, %q", judged, accused, err, c.judged, c.want)
			}
		})
	}
}

func TestPrintDefences(t *testing.T) {
	t.Parallel()
	good := defence{variant: &variants.Variant{Name: "good"}, judged: 12}
	accused := defence{variant: &variants.Variant{Name: "accused", File: "accused.yaml", Differs: "a little"}, judged: 3, accusations: []string{"MUST BYO-01: no"}}
	skipped := defence{variant: &variants.Variant{Name: "skipped"}, missing: "python3 is not on PATH"}
	broken := defence{variant: &variants.Variant{Name: "broken"}, err: errTest}
	for name, c := range map[string]struct {
		defences []defence
		exit     int
		says     []string
	}{
		"all clear":    {[]defence{good, skipped}, exitCaught, []string{"skipped: python3 is not on PATH", "1 clear, 0 accused, 1 skipped\n"}},
		"one accused":  {[]defence{good, accused}, exitMissed, []string{"accused (accused.yaml)\n  it differs: a little\n  MUST BYO-01: no", "1 clear, 1 accused, 0 skipped\n"}},
		"one in error": {[]defence{accused, broken}, exitTrouble, []string{"does not compile", "0 clear, 1 accused, 0 skipped, 1 in error\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			if exit := printDefences(&out, c.defences); exit != c.exit {
				t.Errorf("exit %d, expected %d", exit, c.exit)
			}
			for _, says := range c.says {
				if !strings.Contains(out.String(), says) {
					t.Errorf("expected %q in\n%s", says, out.String())
				}
			}
		})
	}
}
