package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"assay/scenarios"
	"assay/suite/internal/badge"
	"assay/suite/internal/diffpage"
	"assay/suite/internal/matrix"
	"assay/suite/internal/page"
	"assay/suite/internal/render"
	"assay/suite/report"
	"assay/suite/report/diff"
)

// hostile holds what a target may say to control what shows it: a terminal, a workflow of
// GitHub Actions, Markdown, HTML and XML. The second part of it holds every kind of
// character that shows nothing, or that shows something as something else.
const hostile = "::error::a\r\n::add-mask::b\n##[group]c\n" +
	"# d <script>alert(1)</script> ]]> [e](javascript:f)\n" +
	"```\n~~~\n<script>alert(2)</script>\n    <script>alert(3)</script>\n" +
	"\x1b[2J\x1b]0;g\a\x9b31m\u009bh\x00\x7f\xff\u202ei\u2066j\u200ek\u200bl\ufeffm" +
	"\u2028n\u2029o\u061cp\U000e0041q\u00adr\ufffes"

// fill puts the text into every field of a value that holds text, and something into all
// others.
func fill(v reflect.Value, text string, depth int) {
	switch v.Interface().(type) {
	case report.Status:
		v.Set(reflect.ValueOf(report.Failed))
		return
	case scenarios.Level:
		v.Set(reflect.ValueOf(scenarios.Must))
		return
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)))
		return
	}
	if depth > 8 {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(1)
	case reflect.Float64:
		v.SetFloat(1)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), text, depth+1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), text, depth+1)
		}
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, text, depth+1)
		fill(value, text, depth+1)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i), text, depth+1)
			}
		}
		if e, ok := v.Addr().Interface().(*report.Evidence); ok {
			e.Dir, e.Capture = "evidence/here", "" // other names are refused
		}
	}
}

// hostileReport returns a report that holds the text wherever it can hold one, with
// requirements that failed, that one case of failed, and that could not be judged.
func hostileReport(text string) *report.Report {
	var r report.Report
	fill(reflect.ValueOf(&r).Elem(), text, 0)
	r.Schema, r.Interrupted, r.Stopped = report.Schema, false, ""
	for i, status := range []report.Status{report.Failed, report.Error, report.Observed} {
		x := report.Result{}
		fill(reflect.ValueOf(&x).Elem(), text, 0)
		x.ID, x.Status = fmt.Sprintf("BYO-%02d", 1+i), status
		x.Profile = "byo"
		for j := range x.Cases { // the catalogue's, not the target's
			x.Cases[j].Case = fmt.Sprintf("case-%d", j)
		}
		r.Results = append(r.Results, x)
	}
	r.Results = r.Results[2:]
	return &r
}

// unspeakable returns the first character of an output that shows nothing, or something
// as something else.
func unspeakable(output string) string {
	for i, r := range output {
		invalid := r == utf8.RuneError
		if r == '\n' || r == '\t' || r == ' ' {
			continue
		}
		if invalid || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) || r == '\ufffe' {
			return fmt.Sprintf("%q in %q", r, output[max(0, i-40):min(len(output), i+40)])
		}
	}
	return ""
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
			if found := unspeakable(text); found != "" {
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
