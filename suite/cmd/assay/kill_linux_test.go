package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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

// TestKilledWorker kills and stops a worker, as a target does that nothing keeps from it.
// That costs the case that the worker had begun, and not the run.
func TestKilledWorker(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGSTOP} {
		for _, world := range []string{"auto", "loopback"} {
			t.Run(fmt.Sprint(signal, " ", world), func(t *testing.T) {
				t.Parallel()
				out := filepath.Join(t.TempDir(), "report")
				waits := script(t, "grep -q byo-01 \"$3\" && { sleep 1000; exit 1; }")
				cmd := exec.Command(assay, "run", "--bin", waits, "--out", out,
					"--only", "BYO-01,BYO-10,BYO-11", "--world", world, "--procs", "1")
				var output bytes.Buffer
				cmd.Stdout, cmd.Stderr = &output, &output
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				syscall.Kill(workerOf(t, cmd.Process.Pid, "/byo-01/"), signal)
				cmd.Wait()
				if code := cmd.ProcessState.ExitCode(); code != report.ExitTrouble {
					t.Errorf("exit %d, expected %d:\n%s", code, report.ExitTrouble, output.String())
				}
				log, err := os.ReadFile(filepath.Join(out, specsLog))
				last := regexp.MustCompile(`\n\d+ passed, \d+ failed, \d+ skipped\n$`)
				if err != nil || len(log) == 0 || !strings.Contains(output.String(), specsLog) ||
					!last.MatchString(output.String()) || strings.Contains(output.String(), string(log)) {
					t.Errorf("error %v: expected Ginkgo's log in %s alone, and the counts last:\n%s",
						err, specsLog, output.String())
				}
				r := readReport(t, out)
				if x := result(t, r, "BYO-01"); x.Status != report.Error ||
					!strings.Contains(x.Reason, "its worker process was") {
					t.Errorf("BYO-01: found %s (%s), expected an error that names the worker",
						x.Status, x.Reason)
				}
				for _, id := range []string{"BYO-10", "BYO-11"} {
					if x := result(t, r, id); x.Status != report.Passed {
						t.Errorf("%s: found %s (%s), expected passed", id, x.Status, x.Reason)
					}
				}
				run(t, "run", "--bin", server, "--out", out, "--world", world, "--only", "CFG-01")
				if _, err := os.Stat(filepath.Join(out, specsLog)); !os.IsNotExist(err) {
					t.Errorf("after a run that could be finished: found %v, expected no %s", err, specsLog)
				}
			})
		}
	}
}

// workerOf waits for a target below a process whose command line mentions a text, and
// returns the worker that has started it.
func workerOf(t *testing.T, outer int, text string) (pid int) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		parents := map[int]int{}
		lines := map[int]string{}
		paths, err := filepath.Glob("/proc/[0-9]*/stat")
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			stat, _ := os.ReadFile(path) // fails if the process has ended meanwhile
			fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
			if len(fields) < 2 {
				continue
			}
			process := filepath.Dir(path)
			pid, _ := strconv.Atoi(filepath.Base(process))
			parents[pid], _ = strconv.Atoi(fields[1])
			line, _ := os.ReadFile(filepath.Join(process, "cmdline"))
			lines[pid] = string(line)
		}
		for pid, line := range lines {
			below := false
			for at := parents[pid]; at > 1 && !below; at = parents[at] {
				below = at == outer
			}
			if worker := parents[pid]; below && strings.Contains(line, text) &&
				strings.Contains(lines[worker], "assay.test") {
				return worker
			}
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited a minute for a target that mentions %s, expected one", text)
		}
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
