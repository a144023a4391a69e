package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"assay/suite/report"
)

// TestInterruptedRunKeepsVerdicts interrupts a run in the middle. The report has to
// hold the verdicts until then.
func TestInterruptedRunKeepsVerdicts(t *testing.T) {
	t.Parallel()
	for _, world := range []string{"auto", "loopback"} {
		t.Run(world, func(t *testing.T) {
			t.Parallel()
			// The target appends a line to a file at each start. The file is in the
			// report's directory, because targets can write to it in every world.
			dir := t.TempDir()
			out := filepath.Join(dir, "report")
			notes := filepath.Join(out, "starts")
			if err := os.MkdirAll(out, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(notes, nil, 0o666); err != nil {
				t.Fatal(err)
			}
			script := filepath.Join(dir, "server")
			text := "#!/bin/sh\necho >>'" + notes + "'\nexec '" + server + "' \"$@\"\n"
			if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
				t.Fatal(err)
			}

			cmd := exec.Command(assay, "run",
				"--bin", script, "--out", out, "--world", world, "--procs", "4")
			var output bytes.Buffer
			cmd.Stdout, cmd.Stderr = &output, &output
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			awaitStarts(t, cmd, notes, 40, &output)
			cmd.Process.Signal(syscall.SIGTERM)
			cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != report.ExitInterrupted {
				t.Errorf("exit %d, expected %d:\n%s", code, report.ExitInterrupted, output.String())
			}
			r, err := report.Read(filepath.Join(out, report.ReportFile))
			if err != nil {
				t.Fatal(err)
			}
			passed, interrupted := 0, 0
			for _, result := range r.Results {
				if result.Status == report.Passed || result.Status == report.Observed {
					passed++
				}
				if result.Status == report.Skipped && strings.Contains(result.Reason, "interrupted") {
					interrupted++
				}
				if result.Status == report.Failed || result.Status == report.Error {
					t.Errorf("%s is %s: %s", result.ID, result.Status, result.Reason)
				}
			}
			if !r.Interrupted || passed < 3 || interrupted < 3 {
				t.Errorf("interrupted: %t, %d requirements passed, %d were skipped as interrupted; "+
					"expected true, and at least 3 of each", r.Interrupted, passed, interrupted)
			}
		})
	}
}

// awaitStarts waits until the target was started as often as wanted.
func awaitStarts(t *testing.T, cmd *exec.Cmd, notes string, wanted int64, output *bytes.Buffer) {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		info, err := os.Stat(notes)
		if err == nil && info.Size() >= wanted {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			cmd.Process.Signal(syscall.SIGTERM)
			cmd.Wait()
			t.Fatalf("waited two minutes for %d starts of the target (%v):\n%s",
				wanted, err, output.String())
		}
	}
}
