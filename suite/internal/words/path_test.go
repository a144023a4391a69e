package report

import (
	"path/filepath"
	"testing"
)

func TestHere(t *testing.T) {
	t.Chdir(t.TempDir())
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "report"):       "report",
		filepath.Join(dir, "a", "b"):       filepath.Join("a", "b"),
		filepath.Join(dir, "..", "report"): filepath.Join(filepath.Dir(dir), "report"),
		"my-server":                        "my-server",
	} {
		if got := Here(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
