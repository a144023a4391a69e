package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"assay/suite/internal/badge"
	"assay/suite/internal/diffpage"
	"assay/suite/internal/matrix"
	"assay/suite/internal/page"
	"assay/suite/internal/render"
	"assay/suite/report"
	"assay/suite/report/diff"
	"assay/suite/report/reporttest"
)

// hostile holds what a target may say to control what shows it: a terminal, a workflow of
// GitHub Actions, Markdown, HTML and XML. The second part of it holds every kind of
// character that shows nothing, or that shows something as something else.
const hostile = "::error::a\r\n::add-mask::b\n##[group]c\n" +
	"# d <script>alert(1)</script> ]]> [e](javascript:f)\n" +
	"```\n~~~\n<script>alert(2)</script>\n    <script>alert(3)</script>\n" +
	"\x1b[2J\x1b]0;g\a\x9b31m\u009bh\x00\x7f\xff\u202ei\u2066j\u200ek\u200bl\ufeffm" +
	"\u2028n\u2029o\u061cp\U000e0041q\u00adr\ufffes"

// hostileReport returns a report that holds the text wherever a target can have it.
func hostileReport(text string) *report.Report {
	r := reporttest.Filled(text, 2)
	for i := range r.Results {
		x := &r.Results[i]
		x.ID = fmt.Sprintf("BYO-%02d", i) // the catalogue's, not the target's
		x.Evidence.Dir = "evidence/" + x.ID
		for j := range x.Cases {
			c := &x.Cases[j]
			c.Case = fmt.Sprintf("case-%d", j)
			c.Evidence.Dir = x.Evidence.Dir + "-" + c.Case
		}
	}
	return r
}

// outsideCode returns what is outside of the code blocks of a Markdown text. A fence ends
// with one that is as long, and has nothing behind it (CommonMark §4.5).
func outsideCode(markdown string) string {
	var outside strings.Builder
	fence := ""
	for line := range strings.Lines(markdown) {
		bare := strings.TrimSpace(line)
		marks := bare[:len(bare)-len(strings.TrimLeft(bare, "`"))]
		switch {
		case fence == "" && len(marks) >= 3:
			fence = marks
		case fence == "":
			outside.WriteString(line)
		case len(marks) >= len(fence) && marks == bare:
			fence = ""
		}
	}
	return outside.String()
}

// TestWhatTargetsSayControlsNothing shows a hostile report in every way in which Assay
// shows reports.
func TestWhatTargetsSayControlsNothing(t *testing.T) {
	t.Parallel()
	r := hostileReport(hostile)
	other := hostileReport(hostile + " other")
	other.Results[0].Status = report.Passed
	d := diff.Compare(r, other)
	stored := t.TempDir()
	if err := report.Write(stored, r); err != nil {
		t.Fatal(err)
	}
	junit := func(w io.Writer) error {
		text, err := os.ReadFile(filepath.Join(stored, report.JUnitFile))
		w.Write(text)
		return err
	}
	failure, plain := &r.Results[0], render.Style{}
	several := matrix.New([]matrix.Source{{Report: r}, {Report: other}}, matrix.Options{})
	for name, write := range map[string]func(io.Writer) error{
		"verdict":  func(w io.Writer) error { return render.WriteVerdict(w, r, plain) },
		"failure":  func(w io.Writer) error { return render.WriteFailure(w, failure, "", plain) },
		"issuance": func(w io.Writer) error { return render.WriteIssuance(w, failure, plain) },
		"markdown": func(w io.Writer) error { return render.WriteMarkdown(w, r) },
		"github":   func(w io.Writer) error { return render.WriteAnnotations(w, r) },
		"page":     func(w io.Writer) error { return page.Render(w, r) },
		"junit":    junit,
		"diff text": func(w io.Writer) error {
			return diff.WriteText(w, d, false)
		},
		"diff markdown":   func(w io.Writer) error { return diff.WriteMarkdown(w, d) },
		"diff page":       func(w io.Writer) error { return diffpage.Write(w, d) },
		"matrix":          several.WriteHTML,
		"matrix markdown": several.WriteMarkdown,
		"badge":           badge.Of(r).Write,
	} {
		t.Run(name, func(t *testing.T) {
			var output bytes.Buffer
			if err := write(&output); err != nil {
				t.Fatal(err)
			}
			text := output.String()
			if found := reporttest.Misleading(text); found != "" {
				t.Errorf("found %s, expected an escape", found)
			}
			if name != "badge" && !strings.Contains(strings.ReplaceAll(text, `\\`, `\`), `\x1b`) {
				t.Errorf("found nothing of what the target said, expected it with escapes:\n%.500s", text)
			}
			markup := text
			switch {
			case strings.Contains(name, "markdown"):
				markup = outsideCode(text)
			case slices.Contains([]string{"verdict", "failure", "issuance", "github", "diff text"}, name):
				markup = "" // for a terminal
			}
			link := regexp.MustCompile(`href="javascript.{100}`)
			if strings.Contains(name, "markdown") {
				// A line of HTML holds no links of Markdown (CommonMark §4.6).
				link = regexp.MustCompile(`(?m)^[^<\n].*[^\\]\]\(javascript.{100}`)
			}
			for _, found := range []string{
				regexp.MustCompile(`.{0,100}<script>alert`).FindString(markup), link.FindString(markup),
			} {
				if found != "" {
					t.Errorf("found %q, expected no markup", found)
				}
			}
			for line := range strings.Lines(text) {
				if name == "github" && !regexp.MustCompile(`^::(error|warning|notice) `).MatchString(line) {
					t.Errorf("found %q, expected annotations alone", line)
				}
			}
		})
	}
}
