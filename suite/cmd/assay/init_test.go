package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/suite/internal/sut"
	"assay/suite/report"
)

func TestInitWritesATargetFileThatIsUnderstood(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "mine.yaml")
	if code, output := run(t, "init", file); code != 0 || !strings.Contains(output, "assay doctor --target") {
		t.Fatalf("exit %d, expected 0 and the next step:\n%s", code, output)
	}
	mine, err := sut.Load(file, func(string) bool { return true })
	if err != nil || mine.Name != "my-server" {
		t.Errorf("what it wrote loads as %+v, error %v", mine, err)
	}
}

func TestInitOverwritesNothing(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, output := run(t, "init", file); code != report.ExitTrouble || !strings.Contains(output, "is there already") {
		t.Errorf("exit %d, expected %d and the reason:\n%s", code, report.ExitTrouble, output)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "precious" {
		t.Errorf("the file is now %q, error %v", text, err)
	}
}
