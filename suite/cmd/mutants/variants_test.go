package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/fixtures/mutants"
	"assay/fixtures/overlay"
	"assay/fixtures/variants"
	"assay/scenarios"
	"assay/suite/internal/sut"
	"assay/suite/report"
)

func loadVariants(t *testing.T) []*variants.Variant {
	t.Helper()
	root, err := overlay.Root(mutants.Dir)
	if err != nil {
		t.Fatal(err)
	}
	all, err := variants.Load(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestVariantsAreManyAndDifferent checks that there are enough variants to find
// specs that fail a correct server.
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
		t.Errorf("found %d variants, %d without code of the reference server, %d not written in Go; "+
			"expected at least 12, 2 and 1", len(all), own, scripts)
	}
}

// TestVariantsAreValidForTheSuite checks what reading the variants' files does
// not: the keys of target files, and chapters and IDs.
func TestVariantsAreValidForTheSuite(t *testing.T) {
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
			t.Errorf("%s: found known failures, expected none for a correct server", v.File)
		}
		for _, id := range v.Lacks {
			if r, _, found := c.Find(id); !found || r.Level == scenarios.Must {
				t.Errorf("%s: lacks: found %s, expected a requirement of level MAY or SHOULD", v.File, id)
			}
		}
	}
}

func TestUnknownTouchesAreFound(t *testing.T) {
	t.Parallel()
	v := &variants.Variant{
		Server: serverNamed("v"), Touches: []string{"byo", "byoo", "ACME-*", "ACME-99"},
	}
	err := checkTouches([]*variants.Variant{v}, catalogue(t))
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
	got := strings.Join(touched([]string{"expiry", "EXPIRY-01", "BYO-0*"}, catalogue(t)), " ")
	const first, last = "BYO-01 BYO-02 ", " BYO-09 EXPIRY-01 EXPIRY-02 EXPIRY-03 " +
		"EXPIRY-10 EXPIRY-11 EXPIRY-12"
	if !strings.HasPrefix(got, first) || !strings.HasSuffix(got, last) {
		t.Errorf("found %s, expected %s…%s", got, first, last)
	}
}

func TestAccusations(t *testing.T) {
	t.Parallel()
	v := &variants.Variant{Lacks: []string{"BYO-16"}}
	of := func(level scenarios.Level, r report.Result) *report.Report {
		r.Level = level
		return ran(r)
	}
	for name, c := range map[string]struct {
		report *report.Report
		judged int
		want   string
	}{
		"nothing failed": {
			ran(result("BYO-01", report.Passed, ""), result("BYO-02", report.Skipped, "no sh")), 1, "",
		},
		"a MUST": {
			of(scenarios.Must, result("BYO-01", report.Failed, "no listener")),
			1, "MUST BYO-01: no listener",
		},
		"a case of a SHOULD": {
			of(scenarios.Should, result("BYO-05", report.Failed, "",
				row("a", report.Passed, ""), row("b", report.Failed, "silent"))),
			1, "SHOULD BYO-05/b: silent",
		},
		"a SHOULD that the variant lacks": {
			of(scenarios.Should, result("BYO-16", report.Failed, "no")), 1, "",
		},
		"a MUST that the variant lacks": {
			of(scenarios.Must, result("BYO-16", report.Failed, "no")), 1, "MUST BYO-16: no",
		},
		"a MAY that the variant lacks": {of(scenarios.May, result("BYO-16", report.Failed, "no")), 1, ""},
		"another MAY": {
			of(scenarios.May, result("BYO-17", report.Failed, "no")), 1, "MAY BYO-17: no",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			judged, accused, err := accusations(v, c.report)
			if got := strings.Join(accused, "\n"); err != nil || judged != c.judged || got != c.want {
				t.Errorf("found %d judged, %q (%v), expected %d, %q", judged, got, err, c.judged, c.want)
			}
		})
	}
}

func TestReportsThatAllowNoVerdictOnAVariant(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*report.Report{
		"a known failure":         ran(result("BYO-01", report.KnownFailed, "")),
		"an error of Assay":       ran(result("BYO-01", report.Error, "no namespace")),
		"a probe that failed":     {Error: "probe"},
		"nothing that was judged": ran(result("BYO-01", report.Skipped, "")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, accused, err := accusations(&variants.Variant{}, r); err == nil {
				t.Errorf("found %q, expected an error", accused)
			}
		})
	}
}

func TestPrintVariants(t *testing.T) {
	t.Parallel()
	good := testedVariant{variant: &variants.Variant{Server: serverNamed("good")}, judged: 12}
	accused := testedVariant{
		variant:     &variants.Variant{Server: serverNamed("accused"), Differs: "a little"},
		judged:      3,
		accusations: []string{"MUST BYO-01: no"},
	}
	skipped := testedVariant{
		variant: &variants.Variant{Server: serverNamed("skipped")}, missing: "python3 is not on PATH",
	}
	broken := testedVariant{variant: &variants.Variant{Server: serverNamed("broken")}, err: errTest}
	for name, c := range map[string]struct {
		tested []testedVariant
		exit   int
		says   []string
	}{
		"all clear": {
			[]testedVariant{good, skipped}, exitOK,
			[]string{"skipped: python3 is not on PATH", "1 clear, 0 accused, 1 skipped\n"},
		},
		"one accused": {
			[]testedVariant{good, accused}, exitWrong,
			[]string{
				"accused (accused.yaml)\n  how it differs: a little\n  MUST BYO-01: no",
				"1 clear, 1 accused, 0 skipped\n",
			},
		},
		"one in error": {
			[]testedVariant{accused, broken}, exitTrouble,
			[]string{"does not compile", "0 clear, 1 accused, 0 skipped, 1 in error\n"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			if exit := printVariants(&out, c.tested); exit != c.exit {
				t.Errorf("exit %d, expected %d", exit, c.exit)
			}
			expectTexts(t, out.String(), c.says)
		})
	}
}
