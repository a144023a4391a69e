package diffpage

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"assay/scenarios"
	"assay/suite/report"
	"assay/suite/report/diff"
)

// pair returns two reports that differ in a verdict and in observations, with a
// text in every place that a server can reach.
func pair(text string) (from, to *report.Report) {
	result := func(id string, s report.Status, value any) report.Result {
		return report.Result{
			ID: id, Title: text, Level: scenarios.Must, Status: s, Reason: text,
			Observations: []report.Observation{{Kind: "log", Name: text, Case: text, Value: value}},
			Cases:        []report.Case{{Case: text, Status: s, Reason: text}},
		}
	}
	run := func(s report.Status, value any) *report.Report {
		return &report.Report{
			Target: report.Target{Name: text, Version: fmt.Sprint(text, s)},
			Results: []report.Result{
				result("X-01", report.Passed, value), result("X-02", s, value),
				{ID: "X-03", Level: scenarios.Must, Status: report.Skipped, Reason: text},
			},
		}
	}
	return run(report.Passed, []any{"same", "old " + text}),
		run(report.Failed, []any{"same", "new " + text})
}

func write(t *testing.T, d *diff.Diff) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestOrder checks that verdicts stand before observations, and old beside new.
func TestOrder(t *testing.T) {
	t.Parallel()
	page := write(t, diff.Compare(pair("plain")))
	last := 0
	for _, text := range []string{
		"Verdicts that changed", `id="x-c-X-02"`, ">passed<", ">failed<",
		"Observations that changed", `id="x-c-X-01"`,
		"<td>same</td><td>same</td>", "</span>old plain</td>", "</span>new plain</td>",
	} {
		at := strings.Index(page[last:], text)
		if at < 0 {
			t.Fatalf("found no %q after the texts before it in\n%s", text, page[last:])
		}
		last += at
	}
	from, _ := pair("plain")
	if page := write(t, diff.Compare(from, from)); !strings.Contains(page, "no difference") ||
		strings.Contains(page, "Verdicts that changed") {
		t.Error("found changes between equal reports, expected none")
	}
}

func TestHostileTexts(t *testing.T) {
	t.Parallel()
	tags := regexp.MustCompile(`<(/?[a-z0-9]+)`)
	want := tags.FindAllString(write(t, diff.Compare(pair("harmless"))), -1)
	for _, text := range []string{
		"</table><script>alert(1)</script>", `"><img src=x onerror=alert(1)>`,
		"a\x1b[2Jb\u202e\x00", "{{.}}",
	} {
		page := write(t, diff.Compare(pair(text)))
		if got := tags.FindAllString(page, -1); !slices.Equal(got, want) {
			t.Errorf("%q: found other elements than for a harmless text", text)
		}
		if strings.ContainsAny(page, "\x1b\u202e\x00") {
			t.Errorf("%q: found a control character", text)
		}
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	from, to := pair("x")
	for i := range 200 {
		for k, r := range []*report.Report{from, to} {
			var lines []any
			for n := range 300 {
				lines = append(lines, fmt.Sprint(k, n, strings.Repeat(" long", 40)))
			}
			r.Results = append(r.Results, report.Result{
				ID: fmt.Sprintf("Y-%03d", i), Level: scenarios.Must, Status: report.Passed,
				Observations: []report.Observation{{Kind: "log", Name: "lines", Value: lines}},
			})
		}
	}
	page := write(t, diff.Compare(from, to))
	if len(page) > 2_000_000 {
		t.Errorf("found %d bytes, expected at most two million", len(page))
	}
	if n := strings.Count(page, "<article"); n != 202 {
		t.Errorf("found %d changes, expected 202", n)
	}
	if !strings.Contains(page, "more lines") {
		t.Error("found no word about the lines that are left out, expected one")
	}
}
