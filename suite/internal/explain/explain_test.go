package explain

import (
	"strings"
	"testing"

	"assay/scenarios"
)

// TestEveryRequirementIsExplained checks that each explanation has all of its parts, and
// that the cases of a requirement are in it.
func TestEveryRequirementIsExplained(t *testing.T) {
	t.Parallel()
	catalogue, err := scenarios.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range catalogue.Requirements() {
		var b strings.Builder
		if err := Write(&b, catalogue, r.ID, "assay-report", false); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		wants := []string{
			r.ID + "  " + string(r.Level), "Promise", "Why it matters", "Who promises it", "Level",
			"When it is judged", "How it is tried", "How servers usually get it wrong\n  ", "What to do",
		}
		for _, row := range r.Cases {
			wants = append(wants, "\n  - "+row.Name)
		}
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s: expected %q in:\n%s", r.ID, want, text)
			}
		}
		if strings.Contains(text, "No known-bad server is listed") && r.Level != scenarios.Observe {
			t.Errorf("%s: found no known-bad server, expected one or the reason why there is none", r.ID)
		}
	}
}

func TestExplainNeeds(t *testing.T) {
	t.Parallel()
	catalogue, err := scenarios.Load()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := Write(&b, catalogue, "BYO-17", "assay-report", false); err != nil {
		t.Fatal(err)
	}
	need, _, _ := catalogue.Find("BYO-30")
	if !strings.Contains(oneLine(b.String()), "BYO-30 holds ("+need.Title+")") {
		t.Errorf("expected the need of BYO-17 in:\n%s", b.String())
	}
	err = Write(&b, catalogue, "BIO-17", "assay-report", false)
	if err == nil || !strings.Contains(err.Error(), "BYO-17") {
		t.Errorf("found %v, expected an error that suggests BYO-17", err)
	}
}
