package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/suite/report"
	"assay/suite/report/reporttest"
)

// FuzzDecode checks that a report.json is refused in words, or read into a report that
// is the same after it was written and read again.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{"text", "\x00\u202e", "did not hold"} {
		r := reporttest.Filled(text, 1)
		r.Results = r.Results[:2] // a large seed lets few inputs be tried
		whole, err := json.Marshal(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(whole)
	}
	f.Add([]byte(`{"schema":1,"results":[{"id":"A-01","level":"MUST","status":"passed"}]}`))
	f.Add([]byte(`{"schema":1,"results":[{"id":"A-01","level":"MAY","status":"not-claimed","reason` +
		`":"not claimed: x, y"}]}`))
	f.Add([]byte(`{"schema":2}`))
	f.Add([]byte(`{"schema":1,"summary":{"must":{"failed":-1}},"results":[{"id":"a","level":"x","s` +
		`tatus":"y"}]}`))
	f.Add([]byte(`[`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := report.Decode(text)
		if err != nil {
			return
		}
		first, err := json.Marshal(r)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		again, err := report.Decode(first)
		if err != nil {
			t.Fatalf("%q was written as %s: %v", text, first, err)
		}
		second, err := json.Marshal(again)
		if err != nil || !bytes.Equal(first, second) {
			t.Errorf("%q was written as\n%s and then as\n%s (%v)", text, first, second, err)
		}
		checkJUnit(t, r)
	})
}

// checkJUnit checks that the junit.xml of a report is XML with a case for each result.
func checkJUnit(t *testing.T, r *report.Report) {
	t.Helper()
	var out bytes.Buffer
	if err := report.WriteJUnit(&out, r); err != nil {
		t.Fatal(err)
	}
	cases := 0
	for decoder := xml.NewDecoder(&out); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("junit.xml: %v", err)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "testcase" {
			cases++
		}
	}
	want := len(r.Results)
	if r.Error != "" {
		want++
	}
	if cases != want {
		t.Errorf("junit.xml has %d cases, expected %d", cases, want)
	}
}

// FuzzWrite checks that a report is stored in its own directory alone, whatever its
// texts are, and that it is read as what it was.
func FuzzWrite(f *testing.F) {
	for _, text := range []string{
		"text", "../up", "/etc/x", "a/b", ".", "..", "evidence/.assay", "\x00", "CON", "a\nb", "",
		strings.Repeat("long", 100), "\xff", ".assay", "report.json",
	} {
		f.Add(text, uint8(1))
	}
	f.Fuzz(func(t *testing.T, text string, n uint8) {
		if len(text) > 1<<10 {
			return
		}
		above := t.TempDir()
		dir := filepath.Join(above, "deep", "report")
		r := reporttest.Filled(text, int(n%3))
		if err := report.Write(dir, r); err != nil {
			return // such as a name that is no file's
		}
		err := filepath.WalkDir(above, func(path string, e os.DirEntry, err error) error {
			if err == nil && !e.IsDir() && !strings.HasPrefix(path, dir+"/") {
				t.Errorf("%q: found the file %q outside the directory", text, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := report.Read(filepath.Join(dir, report.ReportFile))
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		want, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if whole, err := report.Decode(want); err != nil || !cmp.Equal(got, whole) {
			t.Errorf("%q: read something else than was written (%v)", text, err)
		}
	})
}
