package gallery

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/scenarios"
	"assay/suite/internal/submission"
	"assay/suite/report"
)

var update = flag.Bool("update", false, "write the generated files")

const (
	root    = "../../.."
	folders = "fixtures/targets/reports"
)

// TestGalleryIsCurrent compares the generated files with what the folders say.
func TestGalleryIsCurrent(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(root, folders)
	entries, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) < 5 {
		t.Errorf("found %d submissions in %s, expected at least 5", len(entries), folders)
	}
	want, err := Derived(dir, entries)
	if err != nil {
		t.Fatal(err)
	}
	page, err := Page(entries)
	if err != nil {
		t.Fatal(err)
	}
	want[filepath.Join(dir, "README.md")] = page
	readme := filepath.Join(root, "README.md")
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	if want[readme], err = Readme(text, entries, folders); err != nil {
		t.Fatal(err)
	}
	for name, text := range want {
		if *update {
			if err := os.WriteFile(name, text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		found, err := os.ReadFile(name)
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(found, text) {
			t.Errorf("%s: found another text than follows from the submissions, expected that of "+
				"go generate ./suite/internal/gallery", name)
		}
	}
}

// TestSubmissionsOfRealServers holds the committed folders to the rules of
// assay submit --check.
func TestSubmissionsOfRealServers(t *testing.T) {
	t.Parallel()
	catalogue, err := scenarios.Load()
	if err != nil {
		t.Fatal(err)
	}
	entries, err := Load(filepath.Join(root, folders))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		notes, err := submission.Check(filepath.Join(root, folders, e.Name), catalogue)
		if err != nil {
			t.Error(err)
		}
		for _, note := range notes {
			t.Log(e.Name, note)
		}
	}
}

func TestReadmeWithoutMarks(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", begin, end + begin} {
		_, err := Readme([]byte(text), []Entry{{Report: &report.Report{}}}, folders)
		if err == nil || !strings.Contains(err.Error(), strings.TrimSpace(begin)) {
			t.Errorf("%q: found %v, expected an error that names the marks", text, err)
		}
	}
	got, err := Readme([]byte("a\n"+begin+"old\n"+end+"b\n"), nil, folders)
	if err == nil || got != nil {
		t.Errorf("found %q, %v without entries, expected an error", got, err)
	}
}
