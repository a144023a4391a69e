package badge_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"testing"

	"assay/suite/internal/badge"
	"assay/suite/report/reporttest"
)

// FuzzBadge checks that a badge is XML of elements that draw, whatever the names of
// target and version are.
func FuzzBadge(f *testing.F) {
	for i, text := range reporttest.Texts {
		f.Add(text, uint8(i))
	}
	f.Fuzz(func(t *testing.T, text string, n uint8) {
		r := reporttest.Filled(text, 1)
		r.Interrupted, r.Exit = n&1 != 0, int(n>>4)
		if n&2 != 0 {
			r.Error = ""
		}
		if n&4 != 0 {
			r.Stopped = ""
		}
		var out bytes.Buffer
		if err := badge.Of(r).Write(&out); err != nil {
			t.Fatal(err)
		}
		if found := reporttest.Misleading(out.String()); found != "" {
			t.Errorf("%q: found %s in %q", text, found, out.String())
		}
		allowed := map[string]bool{"svg": true, "clipPath": true, "title": true, "g": true,
			"rect": true, "text": true}
		for decoder := xml.NewDecoder(&out); ; {
			token, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			if start, ok := token.(xml.StartElement); ok && !allowed[start.Name.Local] {
				t.Errorf("%q: found the element %s", text, start.Name.Local)
			}
		}
	})
}
