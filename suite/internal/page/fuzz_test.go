package page_test

import (
	"bytes"
	"testing"

	"assay/suite/internal/page"
	"assay/suite/report/reporttest"
)

// FuzzRender checks that a text of a report becomes text of the page and nothing else.
func FuzzRender(f *testing.F) {
	for i, text := range reporttest.Texts {
		f.Add(text, uint8(i))
	}
	f.Fuzz(func(t *testing.T, text string, n uint8) {
		if len(text) > 4<<10 {
			return
		}
		var out bytes.Buffer
		if err := page.Render(&out, reporttest.Filled(text, int(n%3))); err != nil {
			t.Fatal(err)
		}
		if err := reporttest.CheckPage(out.String()); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}
