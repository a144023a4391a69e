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
			out := filepath.Join(t.TempDir(), "report")
			cmd := exec.Command(assay, "run",
				"--bin", server, "--out", out, "--world", world, "--procs", "4", "--keep")
			var output bytes.Buffer
			cmd.Stdout, cmd.Stderr = &output, &output
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			awaitKept(t, cmd, filepath.Join(out, "kept"), 12, &output)
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

// awaitKept waits until a run has kept the directories of so many requirements.
func awaitKept(t *testing.T, cmd *exec.Cmd, kept string, wanted int, output *bytes.Buffer) {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		entries, err := os.ReadDir(kept)
		if err == nil && len(entries) >= wanted {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			cmd.Process.Signal(syscall.SIGTERM)
			cmd.Wait()
			t.Fatalf("waited two minutes for %d requirements to end (%v):\n%s",
				wanted, err, output.String())
		}
	}
}
