package main

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"assay/suite/report"
)

// script writes a server that runs the text before it becomes the reference server. In
// the text, $3 is the path of the configuration file.
func script(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "server")
	text = "#!/bin/sh\nif [ \"$1\" = serve ]; then\n" + text + "\nfi\nexec '" + server + "' \"$@\"\n"
	writeProgram(t, name, text)
	return name
}

// Parts of scripts.
const (
	// refusesBelow fails BYO-02/sub-directory and BYO-03.
	refusesBelow = "grep -q 'tls_cert_path: tls/' \"$3\" && exit 3"
	// hangsInBYO01 makes BYO-01 wait as long as a spec waits for a server.
	hangsInBYO01 = "grep -q byo-01 \"$3\" && exec sleep 1000"
)

// readReport reads the report in a directory.
func readReport(t *testing.T, dir string) *report.Report {
	t.Helper()
	r, err := report.Read(filepath.Join(dir, report.ReportFile))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// result returns the result of a requirement.
func result(t *testing.T, r *report.Report, id string) *report.Result {
	t.Helper()
	for i := range r.Results {
		if r.Results[i].ID == id {
			return &r.Results[i]
		}
	}
	t.Fatalf("found no result for %s", id)
	return nil
}

func TestFailFast(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "report")
	code, output := run(t, "run", "--bin", script(t, hangsInBYO01+"\n"+refusesBelow), "--out", out,
		"--only", "BYO-01,BYO-03", "--fail-fast")
	if code != report.ExitFailed {
		t.Errorf("exit %d, expected %d", code, report.ExitFailed)
	}
	expectTexts(t, output, "ENDED EARLY", "--fail-fast ended the run at BYO-03 (failed)",
		"1 × not finished: --fail-fast ended the run at BYO-03 (failed)",
		"0 passed, 1 failed, 1 skipped")
	r := readReport(t, out)
	if x := result(t, r, "BYO-03"); x.Status != report.Failed {
		t.Errorf("BYO-03: found %s (%s), expected failed", x.Status, x.Reason)
	}
	if r.Interrupted || r.Error != "" || r.Stopped == "" {
		t.Errorf("interrupted %t, error %q, stopped %q; expected only stopped",
			r.Interrupted, r.Error, r.Stopped)
	}
}

// TestFailFastKeepsGoing checks that a failed SHOULD and a known failure do not end the
// run: they do not fail it.
func TestFailFastKeepsGoing(t *testing.T) {
	t.Parallel()
	target := filepath.Join(t.TempDir(), "target.yaml")
	text := "name: x\n" +
		"command: ['" + script(t, refusesBelow) + "', serve, --config, '{{.ConfigFile}}']\n" +
		"config: {base: {}}\nready: {tcp: listen_addr}\nprofiles: [byo]\n" +
		"known_failures: [{id: BYO-03, reason: it does}]\n"
	if err := os.WriteFile(target, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "report")
	code, output := run(t, "run", "--target", target, "--out", out,
		"--only", "BYO-01,BYO-03", "--fail-fast")
	if code != report.ExitOK || strings.Contains(output, "ENDED EARLY") {
		t.Errorf("exit %d, expected 0 and a whole run:\n%s", code, output)
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "report")
	code, output := run(t, "run", "--bin", script(t, hangsInBYO01), "--out", out,
		"--only", "BYO-01,BYO-10", "--timeout", "10s")
	if code != report.ExitTrouble {
		t.Errorf("exit %d, expected %d", code, report.ExitTrouble)
	}
	expectTexts(t, output, "the run took longer than --timeout 10s allows", "ENDED EARLY")
	if strings.Contains(output, "goroutine") {
		t.Errorf("found a dump of goroutines, expected none:\n%.2000s", output)
	}
	r := readReport(t, out)
	if x := result(t, r, "BYO-10"); x.Status != report.Passed {
		t.Errorf("BYO-10: found %s (%s), expected passed", x.Status, x.Reason)
	}
	x := result(t, r, "BYO-01")
	if x.Status != report.Skipped || x.Reason != "not finished: --timeout 10s was over" {
		t.Errorf("BYO-01: found %s (%s), expected skipped for the timeout", x.Status, x.Reason)
	}
}

// envCounter holds the address at which a target asks whether it is to fail, and the
// server that it is otherwise. A target cannot write to a file that outlives its spec.
const envCounter = "ASSAY_TEST_COUNTER"

// counted asks the test whether to fail, as a target does that a test counts.
func counted() {
	address, server, _ := strings.Cut(os.Getenv(envCounter), " ")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		panic(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || len(answer) > 0 {
		os.Exit(3)
	}
	panic(syscall.Exec(server, os.Args, os.Environ()))
}

// counting returns the flags by which a run has a target that fails at some of its
// starts. The loopback world lets it ask.
func counting(t *testing.T, fails func(start int) bool) (flags []string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for start := 1; ; start++ {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if fails(start) {
				io.WriteString(conn, "fail")
			}
			conn.Close()
		}
	}()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return []string{"run", "--bin", executable, "--world", "loopback", "--only", "BYO-01",
		"--no-probe", "--env", envCounter + "=" + listener.Addr().String() + " " + server}
}

func TestUntilFailure(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "report")
	flags := counting(t, func(start int) bool { return start > 2 })
	code, output := run(t, append(flags, "--out", out, "--until-failure")...)
	if code != report.ExitFailed {
		t.Errorf("exit %d, expected %d", code, report.ExitFailed)
	}
	expectTexts(t, output, "run 1: 1 passed, 0 failed", "run 2: 1 passed, 0 failed",
		"run 3: 0 passed, 1 failed", "FAILED  BYO-01")
	if strings.Contains(output, "run 4") {
		t.Errorf("expected three runs:\n%s", output)
	}
	if x := result(t, readReport(t, out), "BYO-01"); x.Status != report.Failed {
		t.Errorf("the report says %s, expected failed", x.Status)
	}
}

// TestRepeat checks that the report of the run that failed is kept, though later runs
// pass.
func TestRepeat(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "report")
	flags := counting(t, func(start int) bool { return start == 2 })
	code, output := run(t, append(flags, "--out", out, "--repeat", "3")...)
	if code != report.ExitFailed {
		t.Errorf("exit %d, expected %d", code, report.ExitFailed)
	}
	expectTexts(t, output, "run 1 of 3: 1 passed", "run 2 of 3: 0 passed, 1 failed",
		"run 3 of 3: 1 passed", "FAILED  BYO-01")
	if x := result(t, readReport(t, out), "BYO-01"); x.Status != report.Failed {
		t.Errorf("the report says %s, expected failed", x.Status)
	}
	if _, err := os.Stat(filepath.Join(out, "evidence/BYO-01")); err != nil {
		t.Errorf("the evidence of the failure: %v", err)
	}
}

// TestRepeatNamesWhatIsKept checks that only the failure whose report is kept names files of
// evidence.
func TestRepeatNamesWhatIsKept(t *testing.T) {
	t.Parallel()
	_, output := run(t, "run", "--bin", script(t, refusesBelow), "--world", "loopback",
		"--out", filepath.Join(t.TempDir(), "report"), "--only", "BYO-03", "--no-probe", "--repeat", "2")
	expectTexts(t, output, "run 1 of 2: 0 passed, 1 failed", "run 2 of 2: 0 passed, 1 failed")
	first, second, _ := strings.Cut(output, "run 1 of 2")
	if !strings.Contains(first, "evidence/BYO-03") || strings.Contains(second, "evidence/BYO-03") ||
		strings.Count(output, "FAILED  BYO-03") != 3 {
		t.Errorf("expected the evidence in the first run alone, and BYO-03 in each run "+
			"and at the end:\n%s", output)
	}
}

func TestLastFailed(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "report")
	again := func(bin string, args ...string) (int, string) {
		return run(t, append([]string{"run", "--bin", bin, "--out", out}, args...)...)
	}
	bad := script(t, refusesBelow)
	code, output := again(bad, "--last-failed", "--profile", "byo", "--skip", "BYO-3?,BYO-17,BYO-16")
	if code != report.ExitFailed {
		t.Fatalf("exit %d, expected %d:\n%s", code, report.ExitFailed, output)
	}
	expectTexts(t, output, "--last-failed: there is no", "so everything is run")
	code, output = again(bad, "--last-failed")
	if code != report.ExitFailed {
		t.Errorf("exit %d, expected %d", code, report.ExitFailed)
	}
	expectTexts(t, output, "--last-failed: 2 of the report in ", "0 passed, 2 failed, 0 skipped")
	code, output = again(server, "--last-failed")
	if code != report.ExitOK {
		t.Errorf("exit %d, expected 0", code)
	}
	expectTexts(t, output, "2 passed, 0 failed, 0 skipped")
	_, output = again(server, "--last-failed", "--profile", "expiry", "--skip", "EXPIRY-03")
	expectTexts(t, output, "--last-failed: nothing failed in", "so everything is run", "expiry ")
}

func TestShards(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	selection := []string{
		"run", "--bin", script(t, refusesBelow), "--only", "BYO-01,BYO-02,BYO-03,CHAIN-01",
	}
	args := func(out string, more ...string) []string {
		return append(append([]string{}, selection...), append(more, "--out", filepath.Join(dir, out))...)
	}
	run(t, args("whole")...)
	var parts []string
	for _, shard := range []string{"1", "2"} {
		code, output := run(t, args(shard, "--shard", shard+"/2")...)
		if code > report.ExitFailed {
			t.Fatalf("shard %s: exit %d:\n%s", shard, code, output)
		}
		expectTexts(t, output, "not selected (--shard "+shard+"/2)")
		parts = append(parts, filepath.Join(dir, shard, report.ReportFile))
	}
	code, output := run(t, "report", parts[0], parts[1], "--out", filepath.Join(dir, "joined"))
	if code != 0 {
		t.Fatalf("exit %d, expected 0:\n%s", code, output)
	}
	expectTexts(t, output, "2 passed, 2 failed, 0 skipped")
	whole := readReport(t, filepath.Join(dir, "whole"))
	joined := readReport(t, filepath.Join(dir, "joined"))
	for i := range whole.Results {
		a, b := &whole.Results[i], &joined.Results[i]
		if a.ID != b.ID || a.Status != b.Status || a.LeftOut != b.LeftOut ||
			len(a.Cases) != len(b.Cases) {
			t.Errorf("%s: the whole run says %s, the joined report %s %s", a.ID, a.Status, b.ID, b.Status)
		}
	}
	if whole.Exit != joined.Exit || whole.NotSelected != joined.NotSelected {
		t.Errorf("found exit %d and %d not selected, expected %d and %d as in the whole run",
			joined.Exit, joined.NotSelected, whole.Exit, whole.NotSelected)
	}
	if _, err := os.Stat(filepath.Join(dir, "joined/evidence/BYO-03/config.txt")); err != nil {
		t.Error(err)
	}
	code, output = run(t, "report", parts[0], parts[0])
	if code != report.ExitTrouble {
		t.Errorf("one part twice: exit %d, expected %d", code, report.ExitTrouble)
	}
	expectTexts(t, output, "expected each part once")
	code, output = run(t, args("none", "--shard", "1/9")...)
	if code != report.ExitTrouble {
		t.Errorf("too many parts: exit %d, expected %d", code, report.ExitTrouble)
	}
	expectTexts(t, output, `--shard: found "1/9", expected at most 4 parts`)
}

// TestVariables runs with variables in place of flags.
func TestVariables(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "report")
	cmd := exec.Command(assay, "run")
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "ASSAY_BIN="+server, "ASSAY_ONLY=byo-1,byo-10", "ASSAY_SKIP=BYO-10",
		"ASSAY_OUT="+out, "ASSAY_WORLD=loopback", "ASSAY_STRICT=1", "ASSAY_DURATIONS=5")
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, output)
	}
	expectTexts(t, string(output), "1 passed, 0 failed, 0 skipped", "loopback world",
		"Slowest requirements")
	if r := readReport(t, out); !r.Strict || r.Selection == nil || len(r.Selection.Only) != 2 {
		t.Errorf("strict %t, selection %+v; expected what the variables say", r.Strict, r.Selection)
	}
}
