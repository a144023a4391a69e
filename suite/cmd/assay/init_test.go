package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/suite/internal/sut"
	"assay/suite/report"
)

func TestInitWritesAValidTargetFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "mine.yaml")
	code, output := run(t, "init", file)
	if code != 0 || !strings.Contains(output, "assay doctor --target") {
		t.Fatalf("exit %d, expected 0 and the next step:\n%s", code, output)
	}
	mine, err := sut.Load(file, func(string) bool { return true })
	if err != nil || mine.Name != "my-server" {
		t.Errorf("found the target %+v (%v), expected my-server", mine, err)
	}
}

// TestInitWritesTheSchemaThatTheFileNames reads the first line of the target file, which
// names the schema relative to the file.
func TestInitWritesTheSchemaThatTheFileNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "mine.yaml")
	code, output := run(t, "init", file)
	if code != 0 || !strings.Contains(output, "assay-target.schema.json") {
		t.Fatalf("exit %d, expected 0 and the schema's name:\n%s", code, output)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	name, ok := strings.CutPrefix(first, "# yaml-language-server: $schema=")
	if !ok {
		t.Fatalf("found the first line %q, expected one that names a schema", first)
	}
	beside, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	if code, printed := run(t, "schema", "target"); code != 0 || printed != string(beside) {
		t.Errorf("assay schema target: exit %d, expected 0 and the content of %s", code, name)
	}
}

func TestSchemaOfAnUnknownKind(t *testing.T) {
	t.Parallel()
	code, output := run(t, "schema", "targets")
	if code != report.ExitTrouble || !strings.Contains(output, "target") {
		t.Errorf("exit %d, expected %d and the kinds:\n%s", code, report.ExitTrouble, output)
	}
}

func TestInitOverwritesNothing(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, output := run(t, "init", file)
	if code != report.ExitTrouble || !strings.Contains(output, "expected the name of a new file") {
		t.Errorf("exit %d, expected %d and the reason:\n%s", code, report.ExitTrouble, output)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "precious" {
		t.Errorf("found the file %q (%v), expected it unchanged", text, err)
	}
}
