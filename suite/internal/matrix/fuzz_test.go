package matrix_test

import (
	"bytes"
	"testing"

	"assay/suite/internal/matrix"
	"assay/suite/report/reporttest"
)

// FuzzMatrix checks that texts of reports become text of the table and nothing else, as a
// page and as Markdown.
func FuzzMatrix(f *testing.F) {
	for i, text := range reporttest.Texts {
		f.Add(text, reporttest.Texts[(i+3)%len(reporttest.Texts)], uint8(i))
	}
	f.Fuzz(func(t *testing.T, a, b string, n uint8) {
		if len(a)+len(b) > 2<<10 {
			return
		}
		m := matrix.New([]matrix.Source{
			{Report: reporttest.Filled(a, int(n%2))}, {Report: reporttest.Filled(b, 1)},
		}, matrix.Options{})
		var page, markdown bytes.Buffer
		if err := m.WriteHTML(&page); err != nil {
			t.Fatal(err)
		}
		if err := reporttest.CheckPage(page.String()); err != nil {
			t.Errorf("%q and %q: %v", a, b, err)
		}
		if err := m.WriteMarkdown(&markdown); err != nil {
			t.Fatal(err)
		}
		if err := reporttest.CheckMarkdown(markdown.String()); err != nil {
			t.Errorf("%q and %q: %v in\n%s", a, b, err, markdown.String())
		}
	})
}
