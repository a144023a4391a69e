package contact

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestFinding(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "contact.json")
	r := NewReader(path)
	if found := r.Finding(); found != (Finding{}) {
		t.Errorf("found %+v before anything was stored, expected nothing", found)
	}
	stored := Finding{Never: true, NotReady: true, Cause: "no such host"}
	if err := stored.Store(path); err != nil {
		t.Fatal(err)
	}
	if found := r.Finding(); found != stored {
		t.Errorf("found %+v, expected %+v", found, stored)
	}
	if err := (Finding{NoListener: true}).Store(path); err != nil {
		t.Fatal(err)
	}
	if found := r.Finding(); found.Never || !found.NoListener {
		t.Errorf("found %+v, expected what was stored last", found)
	}
	if found := (*Reader)(nil).Finding(); found != (Finding{}) {
		t.Errorf("a nil Reader found %+v, expected nothing", found)
	}
}

// TestOtherFiles reads what a target could put in the place of a finding.
func TestOtherFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put := map[string]func(path string) error{
		"no JSON": func(path string) error { return os.WriteFile(path, []byte("{"), 0o600) },
		"huge": func(path string) error {
			text := `{"Never": true, "Cause": "` + strings.Repeat("x", maxSize) + `"}`
			return os.WriteFile(path, []byte(text), 0o600)
		},
		"pipe":      func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"directory": func(path string) error { return os.Mkdir(path, 0o700) },
		"link":      func(path string) error { return os.Symlink("/dev/zero", path) },
	}
	for name, make := range put {
		path := filepath.Join(dir, name)
		if err := make(path); err != nil {
			t.Fatal(err)
		}
		if found := NewReader(path).Finding(); found != (Finding{}) {
			t.Errorf("%s: found %+v, expected nothing", name, found)
		}
	}
}
