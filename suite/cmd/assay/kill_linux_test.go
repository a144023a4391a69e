package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"assay/suite/report"
)

// TestKilled: a run whose inner process is killed, by a machine without memory
// say, leaves a report that says so in the place of the one before.
func TestKilled(t *testing.T) {
	t.Parallel()
	for _, world := range []string{"auto", "loopback"} {
		t.Run(world, func(t *testing.T) {
			t.Parallel()
			out := filepath.Join(t.TempDir(), "report")
			if code, output := run(t, "run", "--bin", server, "--out", out, "--only", "CFG-01", "--world", world); code != report.ExitOK {
				t.Fatalf("exit %d, expected %d:\n%s", code, report.ExitOK, output)
			}
			cmd := exec.Command(assay, "run", "--bin", server, "--out", out, "--world", world)
			var output bytes.Buffer
			cmd.Stdout, cmd.Stderr = &output, &output
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			syscall.Kill(innerOf(t, cmd.Process.Pid), syscall.SIGKILL)
			cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != report.ExitTrouble {
				t.Errorf("exit %d, expected %d:\n%s", code, report.ExitTrouble, output.String())
			}
			r, err := report.Read(filepath.Join(out, report.ReportFile))
			if err != nil {
				t.Fatal(err)
			}
			if says := "ended by a signal: killed"; r.Exit != report.ExitTrouble || !strings.Contains(r.Error, says) {
				t.Errorf("the report says exit %d and %q, expected exit %d and %q", r.Exit, r.Error, report.ExitTrouble, says)
			}
		})
	}
}

// innerOf waits for the inner process of a run. The kernel has no event for a
// child of somebody else's.
func innerOf(t *testing.T, outer int) (pid int) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		status, err := filepath.Glob("/proc/[0-9]*/status")
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range status {
			text, _ := os.ReadFile(path) // it may be gone
			environ, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "environ"))
			if strings.Contains(string(text), fmt.Sprintf("\nPPid:\t%d\n", outer)) && strings.Contains(string(environ), "ASSAY_STAGE=inner") {
				pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
				return pid
			}
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("waited ten seconds for the run's inner process")
		}
	}
}
