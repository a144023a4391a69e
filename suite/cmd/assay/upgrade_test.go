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

// withGo returns an assay command for which the go command is a shell script.
func withGo(t *testing.T, script string, args ...string) *exec.Cmd {
	t.Helper()
	dir := t.TempDir()
	writeProgram(t, filepath.Join(dir, "go"), "#!/bin/sh\n"+script)
	cmd := exec.Command(assay, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	return cmd
}

// TestInterruptedBeforeTheRuns interrupts commands while they wait for the go
// command, and checks their exit code.
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
			script := ">" + begun + "\nexec sleep 60\n"
			cmd := withGo(t, script, append(args, "--source", source)...)
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

// TestAtlasReadsItsNotesFirst checks that atlas reports a mistake in the notes
// before it calls the go command to build.
func TestAtlasReadsItsNotesFirst(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	const notes = "v0.1.0:\n- text: a change\n  ids: [NOPE-01]\n"
	if err := os.WriteFile(filepath.Join(out, "notes.yaml"), []byte(notes), 0o644); err != nil {
		t.Fatal(err)
	}
	more := filepath.Join(t.TempDir(), "more")
	script := `case "$*" in *-versions*) echo '{"Versions": ["v0.1.0"]}';; *) >` + more + ";; esac\n"
	cmd := withGo(t, script, "atlas", "--out", out)
	output, _ := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != report.ExitTrouble {
		t.Errorf("exit %d, expected %d", code, report.ExitTrouble)
	}
	expectTexts(t, string(output), `notes.yaml:3: v0.1.0[0].ids[0]: found "NOPE-01"`)
	if _, err := os.Stat(more); err == nil {
		t.Error("found another call of the go command, expected only the one that lists versions")
	}
}

// TestReportExitsWithZero checks in every format that printing an atlas with a
// failure is no failure of the command.
func TestReportExitsWithZero(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	part := filepath.Join(dir, "part.json")
	const text = `{
		"schema": 1,
		"releases": [{"versions": ["v0.1.0"], "tried": "v0.1.0", "sources": "x", "exit": 1}],
		"results": [{"id": "X-01", "level": "MUST",
			"states": [{"releases": ["v0.1.0"], "status": "failed"}]}]
	}`
	if err := os.WriteFile(part, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{part}, {part, "--format", "json"}, {part, "--out", filepath.Join(dir, "whole")},
	} {
		if code, output := run(t, append([]string{"report"}, args...)...); code != report.ExitOK {
			t.Errorf("%q: exit %d, expected 0\n%s", args, code, output)
		}
	}
	badge := filepath.Join(dir, "badge.svg")
	for _, args := range [][]string{
		{part, "--badge", badge}, {part, "--max-age", "3"}, {part, "--format", "html"},
	} {
		code, output := run(t, append([]string{"report"}, args...)...)
		if code != report.ExitTrouble {
			t.Errorf("%q: exit %d, expected %d\n%s", args, code, report.ExitTrouble, output)
		}
		expectTexts(t, output, args[1], "found an atlas in "+part)
	}
	if _, err := os.Stat(badge); err == nil {
		t.Error("found a badge of an atlas, expected none")
	}
}

// TestOneThingIsCompared checks that settings which differ in more than one way, or not at
// all, are refused before anything is built.
func TestOneThingIsCompared(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ args, says string }{
		{"upgrade", "expected --from and --to, or one of --go, --godebug and --ca"},
		{"upgrade --from v0.57.0", "expected --from and --to"},
		{"upgrade --from v0.57.0 --to v0.58.0 --ca edge,letsencrypt", "found --from or --to beside"},
		{"upgrade --go go1.26.0,go1.26.1 --godebug tlsmlkem=0", "found several of --go"},
		{"upgrade --go go1.26.0,go1.26.1,go1.26.2", "found 3 settings of Go, expected two"},
		{"upgrade --go go1.26.0", "found go1.26.0 alone"},
		{"upgrade --godebug tlsmlkem", `--godebug: found "tlsmlkem"`},
		{"atlas --ca edge,nobody", `--ca: found "nobody"`},
		{"atlas --ca edge --go go1.26.0,go1.26.1", "found several of --go"},
	} {
		cmd := withGo(t, "exit 1\n", strings.Fields(c.args)...)
		output, _ := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != report.ExitTrouble {
			t.Errorf("%s: exit %d, expected %d", c.args, code, report.ExitTrouble)
		}
		expectTexts(t, string(output), c.says)
	}
}
