package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"assay/suite/report"
)

// withGo is a command with a go command of the test's own.
func withGo(t *testing.T, script string, args ...string) *exec.Cmd {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go"), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(assay, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	return cmd
}

// Whatever an interruption meets, the workshop being prepared or versions being
// looked up, it is one.
func TestInterruptedBeforeTheRuns(t *testing.T) {
	t.Parallel()
	source, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"upgrade", "--from", "v0.57.0", "--to", "v0.58.0"}, {"atlas"}} {
		t.Run(args[0], func(t *testing.T) {
			t.Parallel()
			begun := filepath.Join(t.TempDir(), "begun")
			cmd := withGo(t, ">"+begun+"\nexec sleep 60\n", append(args, "--source", source)...)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			waitFor(t, begun)
			cmd.Process.Signal(syscall.SIGINT)
			cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != report.ExitInterrupted {
				t.Errorf("exit %d, expected %d", code, report.ExitInterrupted)
			}
		})
	}
}

// A mistake in the notes is found before anything is built.
func TestAtlasReadsItsNotesFirst(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	if err := os.WriteFile(filepath.Join(out, "notes.yaml"), []byte("v0.1.0:\n- text: a change\n  ids: [NOPE-01]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	more := filepath.Join(t.TempDir(), "more")
	cmd := withGo(t, `case "$*" in *-versions*) echo '{"Versions": ["v0.1.0"]}';; *) >`+more+";; esac\n", "atlas", "--out", out)
	output, _ := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != report.ExitTrouble || !strings.Contains(string(output), `notes.yaml:3: v0.1.0[0].ids[0]: found "NOPE-01"`) {
		t.Errorf("exit %d, expected %d and the mistake with its line in:\n%s", code, report.ExitTrouble, output)
	}
	if _, err := os.Stat(more); err == nil {
		t.Error("the go command was asked for more than the versions on offer")
	}
}

// A report that is shown again exits with 0, in whatever form.
func TestReportExitsWithZero(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	part := filepath.Join(dir, "part.json")
	if err := os.WriteFile(part, []byte(`{"schema": 1, "releases": [{"versions": ["v0.1.0"], "tried": "v0.1.0", "sources": "x", "exit": 1}],
		"results": [{"id": "X-01", "level": "MUST", "states": [{"releases": ["v0.1.0"], "status": "failed"}]}]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{part}, {part, "--format", "json"}, {part, "--out", filepath.Join(dir, "whole")}} {
		if code, output := run(t, append([]string{"report"}, args...)...); code != report.ExitOK {
			t.Errorf("%q: exit %d, expected 0\n%s", args, code, output)
		}
	}
}
