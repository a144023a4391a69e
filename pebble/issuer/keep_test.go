package issuer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestKeepRoot(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "root.pem")
	first, err := KeepRoot(file, "Kept")
	if err != nil {
		t.Fatal(err)
	}
	again, err := KeepRoot(file, "Another name")
	if err != nil || !again.Certificate.Equal(first.Certificate) || !again.Key.Equal(first.Key) {
		t.Errorf("found %v, %v, expected the root that was written", again.Certificate.Subject, err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, expected 0600", info.Mode(), err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("%d files, expected nothing besides the root", len(files))
	}
}

func TestKeepRootMistakes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"empty": "", "nonsense": "nonsense",
		"cut": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := KeepRoot(file, "Kept")
		if err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: error %v, expected one that names the file", name, err)
		}
		if left, _ := os.ReadFile(file); string(left) != text {
			t.Errorf("%s: the file was changed", name)
		}
	}
	if _, err := KeepRoot(filepath.Join(dir, "missing", "root.pem"), "Kept"); err == nil {
		t.Error("no error for a directory that does not exist")
	}
}
