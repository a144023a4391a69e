package output

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestReplace writes a file although a killed run left its temporary file, and
// removes it.
func TestReplace(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new")
	err := In(dir, func(d Dir) error {
		if err := d.MkdirAll("a", 0o755); err != nil {
			return err
		}
		return d.WriteFile("a/.b.assay-tmp", []byte("left"), 0o644)
	}, func(d Dir) error {
		return d.Replace("a/b", []byte("text"))
	})
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "a", "b")); err != nil || string(text) != "text" {
		t.Errorf("found %q (%v), expected the text", text, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "a", ".b.assay-tmp")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("found %v for the temporary file, expected none", err)
	}
	err = In(dir, func(d Dir) error { return errors.Join(d.Remove("a/b"), d.Remove("a/b")) })
	if err != nil {
		t.Errorf("removing twice: %v", err)
	}
}

// TestRefusals checks that no name leads out of the directory, and that an error
// ends the calls.
func TestRefusals(t *testing.T) {
	t.Parallel()
	above := t.TempDir()
	err := In(filepath.Join(above, "dir"), func(d Dir) error {
		return d.Replace("../b", []byte("text"))
	}, func(d Dir) error {
		return d.Replace("c", []byte("text"))
	})
	if err == nil {
		t.Error("found no error for ../b, expected one")
	}
	for _, name := range []string{"b", "dir/c"} {
		if _, err := os.Stat(filepath.Join(above, name)); err == nil {
			t.Errorf("%s was written, expected no file", name)
		}
	}
}
