package diff_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"testing"

	"assay/suite/report/diff"
	"assay/suite/report/reporttest"
)

// FuzzWrite checks that a difference of two reports with hostile texts is told without
// anything that could be taken for more than text.
func FuzzWrite(f *testing.F) {
	for i, text := range reporttest.Texts {
		f.Add(text, reporttest.Texts[(i+7)%len(reporttest.Texts)], uint8(i))
	}
	colours := regexp.MustCompile("\x1b\\[[0-9;]*m")
	f.Fuzz(func(t *testing.T, a, b string, n uint8) {
		if len(a)+len(b) > 4<<10 {
			return
		}
		from, to := reporttest.Filled(a, int(n%3)), reporttest.Filled(b, int(n/3%3))
		for i := range to.Results { // the same requirements, with other verdicts
			to.Results[i].ID = from.Results[i].ID
			to.Results[i].Status = from.Results[(i+int(n))%len(from.Results)].Status
		}
		d := diff.Compare(from, to)
		var markdown, text, encoded bytes.Buffer
		if err := diff.WriteMarkdown(&markdown, d); err != nil {
			t.Fatal(err)
		}
		if err := reporttest.CheckMarkdown(markdown.String()); err != nil {
			t.Errorf("%q and %q: %v in\n%s", a, b, err, markdown.String())
		}
		if err := diff.WriteText(&text, d, true); err != nil {
			t.Fatal(err)
		}
		if found := reporttest.Misleading(colours.ReplaceAllString(text.String(), "")); found != "" {
			t.Errorf("%q and %q: found %s in\n%q", a, b, found, text.String())
		}
		if err := diff.WriteJSON(&encoded, d); err != nil || !json.Valid(encoded.Bytes()) {
			t.Errorf("%q and %q: found %q (%v)", a, b, encoded.String(), err)
		}
		if same := diff.Compare(from, from); len(same.Changes) != 0 {
			t.Errorf("%q: a report differs from itself: %+v", a, same.Changes)
		}
	})
}
