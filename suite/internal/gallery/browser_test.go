package gallery

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/suite/internal/browser"
	"assay/suite/internal/browser/browsertest"
	"assay/suite/internal/diffpage"
	"assay/suite/report/diff"
)

// TestPagesInABrowser opens the matrix and a difference of the real servers: the
// page never scrolls sideways, the matrix does so in its box, its links lead
// somewhere, and the console stays empty.
func TestPagesInABrowser(t *testing.T) {
	t.Parallel()
	b := browsertest.Start(t)
	entries, err := Load(filepath.Join(root, folders))
	if err != nil {
		t.Fatal(err)
	}
	var matrix, difference bytes.Buffer
	d := diff.Compare(entries[0].Report, entries[1].Report)
	if err := errors.Join(
		newMatrix(entries, "").WriteHTML(&matrix), diffpage.Write(&difference, d),
	); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, page := range map[string][]byte{
		"matrix": matrix.Bytes(), "difference": difference.Bytes(),
	} {
		file := filepath.Join(dir, name+".html")
		if err := os.WriteFile(file, page, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, width := range []int{360, 800, 1400} {
			for _, theme := range []string{"light", "dark"} {
				inspect(t, b, file, width, theme)
			}
		}
	}
}

// inspect opens a page and looks for what a reader would mind.
func inspect(t *testing.T, b *browser.Browser, file string, width int, theme string) {
	t.Helper()
	do := func(method string, params map[string]any) {
		if _, err := b.Do(method, params, nil); err != nil {
			t.Fatal(err)
		}
	}
	do("Emulation.setDeviceMetricsOverride", map[string]any{
		"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500,
	})
	do("Emulation.setEmulatedMedia", map[string]any{
		"features": []any{map[string]any{"name": "prefers-color-scheme", "value": theme}},
	})
	events, err := b.Open("file://" + file)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if strings.HasPrefix(e.Method, "Log.") || strings.HasPrefix(e.Method, "Runtime.exception") {
			t.Errorf("%s: %s: %.300s", file, e.Method, e.Params)
		}
	}
	var seen struct {
		Wide   int    // pixels by which the page is too wide
		Broken string // a link to an anchor that does not exist
		Head   float64
		Dark   bool
	}
	if _, err := b.Evaluate(look, &seen); err != nil {
		t.Fatal(err)
	}
	if seen.Wide > 0 || seen.Broken != "" || seen.Head != 0 || seen.Dark != (theme == "dark") {
		t.Errorf("%s at %d pixels, %s: found %+v, expected nothing too wide, no broken link, the head "+
			"of the table in its place and the theme", file, width, theme, seen)
	}
}

// look says how wide a page is, which link leads nowhere, and by how many pixels
// the head of the matrix leaves its box when the box is scrolled.
const look = `(() => {
  const box = document.querySelector(".box"), root = document.documentElement;
  let head = 0;
  if (box) {
    box.scrollTop = 900; box.scrollLeft = 200;
    const at = e => document.querySelector(e).getBoundingClientRect();
    head = Math.round(at("thead th").top - at(".box").top - 1) +
      Math.round(at("tbody tr + tr th").left - at(".box").left - 1);
    box.scrollTop = 0; box.scrollLeft = 0;
  }
  const broken = [...document.querySelectorAll('a[href^="#"]')].map(a => a.getAttribute("href"))
    .find(h => !document.getElementById(decodeURIComponent(h.slice(1))));
  return {Wide: root.scrollWidth - root.clientWidth, Broken: broken || "", Head: head,
    Dark: matchMedia("(prefers-color-scheme: dark)").matches};
})()`
