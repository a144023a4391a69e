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

// TestKilled kills the inner process of a run, as a machine without memory does. The
// run has to replace the report of the run before by one that says so.
func TestKilled(t *testing.T) {
	t.Parallel()
	for _, world := range []string{"auto", "loopback"} {
		t.Run(world, func(t *testing.T) {
			t.Parallel()
			out := filepath.Join(t.TempDir(), "report")
			args := []string{"run", "--bin", server, "--out", out, "--world", world}
			if code, output := run(t, append(args, "--only", "CFG-01")...); code != report.ExitOK {
				t.Fatalf("exit %d, expected %d:\n%s", code, report.ExitOK, output)
			}
			cmd := exec.Command(assay, args...)
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
			const says = "ended by a signal: killed"
			if r.Exit != report.ExitTrouble || !strings.Contains(r.Error, says) {
				t.Errorf("the report says exit %d and %q, expected exit %d and %q",
					r.Exit, r.Error, report.ExitTrouble, says)
			}
		})
	}
}

// innerOf waits for the inner process of a run and returns its ID. It polls, because
// the kernel reports the children of other processes to nobody.
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
			process := filepath.Dir(path)
			text, _ := os.ReadFile(path) // fails if the process has ended meanwhile
			environ, _ := os.ReadFile(filepath.Join(process, "environ"))
			child := bytes.Contains(text, fmt.Appendf(nil, "\nPPid:\t%d\n", outer))
			if child && bytes.Contains(environ, []byte("ASSAY_STAGE=inner")) {
				pid, _ := strconv.Atoi(filepath.Base(process))
				return pid
			}
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("waited ten seconds for the run's inner process, expected it to start")
		}
	}
}
