package storage

import (
	"os"
	"path/filepath"
	"testing"

	"assay/suite/internal/careful"
)

// TestDirectory gives a directory the faults that need no mount. The tests of the
// specs cover the others.
func TestDirectory(t *testing.T) {
	for _, fault := range []Fault{Mode, Removed, RemovedForGood, FileInPlace} {
		t.Run(string(fault), func(t *testing.T) {
			in, err := careful.OpenDir(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			dir := in.Path("cache")
			entry := filepath.Join(dir, "below", "entry")
			if err := os.MkdirAll(filepath.Dir(entry), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(entry, []byte("content"), 0o600); err != nil {
				t.Fatal(err)
			}
			d, err := Prepare(nil, in, "cache", fault)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := d.Break(); err != nil {
					t.Fatal(err)
				}
				if _, err := os.Stat(entry); (err != nil) != fault.Empties() {
					t.Errorf("with the fault: found %v, expected an error: %t",
						err, fault.Empties())
				}
				if os.Getuid() != 0 && fault != Removed {
					_ = os.MkdirAll(dir, 0o700)
					if os.WriteFile(filepath.Join(dir, "new"), nil, 0o600) == nil {
						t.Error("with the fault: a file could be stored, expected an error")
					}
				}
				if err := d.Mend(); err != nil {
					t.Fatal(err)
				}
				if text, err := os.ReadFile(entry); string(text) != "content" {
					t.Errorf("mended: found %q (%v), expected the entry", text, err)
				}
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	if _, err := Prepare(nil, nil, "cache", "another"); err == nil {
		t.Error("an unknown fault: found no error, expected one")
	}
}
