package words

import (
	"path/filepath"
	"testing"
)

func TestRelativePath(t *testing.T) {
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
		if got := RelativePath(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
