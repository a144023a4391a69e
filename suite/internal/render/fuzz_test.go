package render_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"assay/suite/internal/render"
	"assay/suite/report/reporttest"
)

func fuzz(f *testing.F, check func(t *testing.T, text string, n uint8)) {
	f.Helper()
	for i, text := range reporttest.Texts {
		f.Add(text, uint8(i))
	}
	f.Fuzz(func(t *testing.T, text string, n uint8) {
		if len(text) <= 4<<10 {
			check(t, text, n%4)
		}
	})
}

// FuzzAnnotations checks that annotations are workflow commands of Assay's own alone.
func FuzzAnnotations(f *testing.F) {
	command := regexp.MustCompile(`\A::(?:error|warning|notice) title=[^:,\r\n]*::[^\r\n]*\z`)
	fuzz(f, func(t *testing.T, text string, n uint8) {
		var out bytes.Buffer
		if err := render.WriteAnnotations(&out, reporttest.Filled(text, int(n))); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			line = strings.TrimSuffix(line, "\n")
			if !command.MatchString(line) || reporttest.Misleading(line) != "" {
				t.Fatalf("%q: found the line %q, expected a command without control characters", text, line)
			}
		}
	})
}

// FuzzVerdict checks that nothing in a report can control a terminal, whatever is
// printed of it.
func FuzzVerdict(f *testing.F) {
	colours := regexp.MustCompile("\x1b\\[[0-9;]*m")
	fuzz(f, func(t *testing.T, text string, n uint8) {
		r := reporttest.Filled(text, int(n))
		for _, style := range []render.Style{
			{Slowest: 5}, {Color: true, Width: 20}, {Quiet: true, Dir: "assay-report"},
		} {
			var out bytes.Buffer
			if err := render.WriteVerdict(&out, r, style); err != nil {
				t.Fatal(err)
			}
			if err := render.WriteFailure(&out, &r.Results[n], "", style); err != nil {
				t.Fatal(err)
			}
			plain := out.String()
			if style.Color {
				plain = colours.ReplaceAllString(plain, "")
			}
			if found := reporttest.Misleading(plain); found != "" {
				t.Fatalf("%q: found %s in\n%q", text, found, plain)
			}
		}
		if out := render.Closing(r); reporttest.Misleading(out) != "" || strings.Contains(out, "\n") {
			t.Errorf("%q: found the closing line %q", text, out)
		}
	})
}

// FuzzMarkdown checks that a text of a report adds nothing to the structure of the
// Markdown: no HTML, no heading, and no end of a block of code.
func FuzzMarkdown(f *testing.F) {
	fuzz(f, func(t *testing.T, text string, n uint8) {
		var out bytes.Buffer
		if err := render.WriteMarkdown(&out, reporttest.Filled(text, int(n))); err != nil {
			t.Fatal(err)
		}
		if err := reporttest.CheckMarkdown(out.String()); err != nil {
			t.Errorf("%q: %v in\n%s", text, err, out.String())
		}
	})
}
