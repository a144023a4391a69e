package main

import (
	"bufio"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"assay/suite/report"
)

// TestPipe runs a server that fails a requirement where there is no terminal.
func TestPipe(t *testing.T) {
	t.Parallel()
	code, output := run(t, "run", "--bin", script(t, refusesBelow), "--only", "BYO-01,BYO-03,CFG-01")
	if code != report.ExitFailed {
		t.Errorf("exit %d, expected %d", code, report.ExitFailed)
	}
	if strings.ContainsAny(output, "\r\x1b") {
		t.Errorf("found control characters, expected none in:\n%q", output)
	}
	first, output, _ := strings.Cut(output, "\n")
	if !strings.HasPrefix(first, "assay: server is configured as the reference server is") ||
		!strings.HasPrefix(output, "assay: 3 requirements against server (") ||
		strings.Count(output, "\n  promised ") != 1 {
		t.Errorf("expected the server in the first line, and the failure once in full in:\n%s", output)
	}
	expectTexts(t, output, "assay: byo: 2 done, 1 failed (", "assay: config: 1 done, 0 failed (",
		"Failures, printed above\n  FAILED  BYO-03  MUST", "1 failed")
}

// TestReaderThatEnds reads one line of the output, as head -1 does. The run goes on until
// its report is written.
func TestReaderThatEnds(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "report")
	cmd := exec.Command(assay, "run", "--bin", server, "--only", "BYO-01,CFG-01", "--out", out)
	cmd.Dir = t.TempDir()
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(output).ReadString('\n'); err != nil {
		t.Errorf("reading the first line: %v", err)
	}
	output.Close()
	ended := cmd.Wait()
	r := readReport(t, out)
	if x := result(t, r, "CFG-01"); r.Exit != report.ExitOK || x.Status != report.Passed {
		t.Errorf("the command ended with %v, the report with exit %d and CFG-01 %s; "+
			"expected exit 0 and passed", ended, r.Exit, x.Status)
	}
}

func TestQuiet(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		args []string
		code int
		want string // beginning and end of the only line
	}{
		{"passes", []string{"--bin", server}, report.ExitOK, ""},
		{"fails", []string{"--bin", script(t, refusesBelow)}, report.ExitFailed,
			"assay: 1 passed, 1 failed,… → exit 1\n"},
		{"is no server", []string{"--bin", "/bin/true"}, report.ExitTrouble,
			"assay: probe: true does not start… → exit 2\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"run", "--quiet", "--only", "BYO-01,BYO-03"}, row.args...)
			code, output := run(t, args...)
			begin, end, _ := strings.Cut(row.want, "…")
			fits := strings.HasPrefix(output, begin) && strings.HasSuffix(output, end)
			silent := (row.want == "") == (output == "")
			if code != row.code || !fits || !silent || strings.Count(output, "\n") > 1 {
				t.Errorf("exit %d, output %q; expected exit %d and %q", code, output, row.code, row.want)
			}
		})
	}
}
