package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestExecutableNeedsNothingElse runs the executable without Go, a shell, and files
// of Assay's source.
func TestExecutableNeedsNothingElse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text, err := os.ReadFile(assay)
	if err != nil {
		t.Fatal(err)
	}
	executable := filepath.Join(dir, "assay")
	writeProgram(t, executable, string(text))
	cmd := exec.Command(executable, "run", "--bin", server,
		"--only", "BYO-01,CHAIN-01,HTTP01-02,ALPN01-01")
	cmd.Dir, cmd.Env = dir, []string{"PATH="}
	output, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(output), "4 passed, 0 failed") {
		t.Errorf("error %v, expected four requirements to pass:\n%s", err, output)
	}
}
