package world

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/suite/internal/confine"
)

const envWays = "ASSAY_TEST_WAYS"

// TestWaysToWhatIsNeeded puts what a run needs into directories that only root may enter.
// Its targets have an ID of their own and have to get there nevertheless, and nowhere
// else.
func TestWaysToWhatIsNeeded(t *testing.T) {
	t.Parallel()
	if theRun != nil {
		t.Run("inside", func(t *testing.T) { goTheWays(t, theRun, os.Getenv(envWays)) })
		return
	}
	if err := Available(); err != nil {
		t.Skip(err)
	}
	if !confine.ChooseIDs(runUID).Own {
		t.Skip("targets have the user's own ID here")
	}
	base := t.TempDir()
	for path, mode := range map[string]os.FileMode{
		"closed/needed/deep/file": 0o644, "closed/needed/secret": 0o600, "closed/other": 0o644,
		"closed/alone": 0o644, "self/entry": 0o644, "self/secret/file": 0o644,
	} {
		path = filepath.Join(base, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("text"), mode); err != nil {
			t.Fatal(err)
		}
	}
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(executable)
	if err != nil {
		t.Fatal(err)
	}
	writeProgram(t, filepath.Join(base, "closed", "program"), text, 0o700)
	for _, dir := range []string{"self/secret", "self", "closed/needed", "closed", "."} {
		if err := os.Chmod(filepath.Join(base, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(base, "closed/needed"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("closed/needed", filepath.Join(base, "link")); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	outer := Outer{
		Kind: Namespace,
		Args: []string{"-test.run=^TestWaysToWhatIsNeeded$", "-test.v"},
		Env:  append(os.Environ(), envWays+"="+base),
		Needs: []string{
			filepath.Join(base, "link"), filepath.Join(base, "closed/alone"),
			filepath.Join(base, "closed/program"), filepath.Join(base, "self"),
		},
		Stdout: &said, Stderr: &said,
	}
	exit, err := outer.Run(t.Context())
	if exit != 0 || err != nil || !strings.Contains(said.String(), "--- PASS") {
		t.Fatalf("inside: exit %d, error %v\n%s", exit, err, said.String())
	}
	if got, err := os.ReadFile(filepath.Join(base, "closed/other")); string(got) != "text" {
		t.Errorf("outside, what was hidden reads %q (%v), expected what was there", got, err)
	}
}

func goTheWays(t *testing.T, r *Run, base string) {
	w := open(t, r, 1)
	for path, want := range map[string]string{
		"closed/needed/deep/file": "text", "link/deep/file": "text", "closed/alone": "text",
		"closed/needed/secret": "permission denied", "closed/other": "no such file",
		"self/entry": "text", "self/secret/file": "permission denied",
	} {
		if got := try(t, w, "read", filepath.Join(base, path)); !strings.Contains(got, want) {
			t.Errorf("%s reads %q, expected %q", path, got, want)
		}
	}
	// A program that only root may execute is started for the target.
	cmd := role("read", filepath.Join(base, "self/entry"))
	cmd.Path = filepath.Join(base, "closed/program")
	if got := output(t, w, cmd); got != "text\n" {
		t.Errorf("a program that root alone may execute says %q, expected %q", got, "text\n")
	}
}
