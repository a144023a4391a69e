package diffpage_test

import (
	"bytes"
	"testing"

	"assay/suite/internal/diffpage"
	"assay/suite/report/diff"
	"assay/suite/report/reporttest"
)

// FuzzWrite checks that texts of reports become text of the page of a difference and
// nothing else.
func FuzzWrite(f *testing.F) {
	for i, text := range reporttest.Texts {
		f.Add(text, reporttest.Texts[(i+5)%len(reporttest.Texts)], uint8(i))
	}
	f.Fuzz(func(t *testing.T, a, b string, n uint8) {
		if len(a)+len(b) > 4<<10 {
			return
		}
		from, to := reporttest.Filled(a, int(n%3)), reporttest.Filled(b, 1)
		for i := range to.Results {
			to.Results[i].ID = from.Results[i].ID
			to.Results[i].Status = from.Results[(i+int(n))%len(from.Results)].Status
		}
		var out bytes.Buffer
		if err := diffpage.Write(&out, diff.Compare(from, to)); err != nil {
			t.Fatal(err)
		}
		if err := reporttest.CheckPage(out.String()); err != nil {
			t.Errorf("%q and %q: %v", a, b, err)
		}
	})
}
