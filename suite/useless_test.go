package suite_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"assay/scenarios"
	"assay/suite/internal/sut"
	"assay/suite/report"
)

// uselessServers lists the modes of fixtures/useless. The modes that most resemble
// a server are tried with every case of every requirement. Each of the others is
// tried with a different case of each requirement.
var uselessServers = []struct {
	mode    string
	timeout time.Duration // timeout of ready; short if the server never gets ready
	bad     string        // on_bad_config; the value that makes failures hardest to find
	probed  int           // exit code of a run with a probe
	rows    bool          // try every case
}{
	{"exit", time.Second, "exit", report.ExitTrouble, false},
	{"self-signed", time.Second, "exit", report.ExitFailed, true},
	{"not-found", time.Second, "exit", report.ExitFailed, true},
	{"not-found-tls", time.Second, "exit", report.ExitFailed, false},
	{"handshake-close", time.Second, "exit", report.ExitFailed, false},
	{"accept-close", time.Second, "log", report.ExitFailed, false},
	{"silent", 100 * time.Millisecond, "log", report.ExitTrouble, false},
	{"another-ca", time.Second, "exit", report.ExitFailed, false},
}

// uselessTarget is the target file of a useless server, which claims all profiles.
const uselessTarget = `
name: useless-%s
command: [%q, %s, "{{.ConfigFile}}"]
config: {file: config.yaml, base: {}}
ready: {tcp: listen_addr, timeout: %s}
on_bad_config: %s
stop: SIGTERM
reload: SIGHUP
health: /health
profiles: [%s]
`

// TestUselessServersPassNothing runs the suite against servers that keep no
// promise. If one of them passes a requirement, the requirement's spec checks
// nothing.
func TestUselessServersPassNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: this runs the suite eight times")
	}
	bin := t.TempDir()
	build := exec.Command("go", "build", "-ldflags=-s", "-o", bin,
		"assay/suite/cmd/assay", "assay/fixtures/useless")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building assay and the useless server: %v\n%s", err, output)
	}
	for i, server := range uselessServers {
		t.Run(server.mode, func(t *testing.T) {
			t.Parallel()
			target := filepath.Join(t.TempDir(), "target.yaml")
			text := fmt.Sprintf(uselessTarget, server.mode, filepath.Join(bin, "useless"), server.mode,
				server.timeout, server.bad, strings.Join(sut.Profiles, ", "))
			if err := os.WriteFile(target, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			args := []string{"--no-probe", "--procs=12"}
			if !server.rows {
				args = append(args, "--only="+strings.Join(oneRowEach(t, i), ","))
			}
			r, exit := assayRun(t, bin, target, args...)
			if starved := starvedIn(r); len(starved) > 0 {
				// These get their verdicts in a run of their own.
				expectNothingPassed(t, r, exit, report.ExitTrouble, starved)
				again, exit := assayRun(t, bin, target,
					"--no-probe", "--procs=2", "--only="+strings.Join(starved, ","))
				expectNothingPassed(t, again, exit, exitOf(again), nil)
			} else {
				expectNothingPassed(t, r, exit, report.ExitFailed, nil)
			}
			if server.mode == "another-ca" {
				expectOneCause(t, r)
				expectTold(t, bin, target)
			}
			t.Logf("%d ms, %d ms of CPU time", r.DurationMS, r.CPUMS)

			if _, exit := assayRun(t, bin, target, "--only=CFG-01"); exit != server.probed {
				t.Errorf("with a probe: exit %d, expected %d", exit, server.probed)
			}
		})
	}
}

// oneRowEach returns "ID/case" for the nth case of each requirement, or "ID" if it
// has no cases. After the last case it starts again with the first.
func oneRowEach(t *testing.T, n int) (selected []string) {
	catalogue, err := scenarios.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range catalogue.Requirements() {
		name := r.ID
		if len(r.Cases) > 0 {
			name += "/" + r.Cases[n%len(r.Cases)].Name
		}
		selected = append(selected, name)
	}
	return selected
}

// starvedIn returns the IDs of the requirements without a verdict because this machine, on
// which eight runs and other tests compete, was starved at both tries.
func starvedIn(r *report.Report) (ids []string) {
	own := func(c report.Case) bool { return c.Status == report.Error && c.TriedTwice == "" }
	for _, x := range r.Results {
		switch {
		case x.Status != report.Error, slices.ContainsFunc(x.Cases, own):
		case len(x.Cases) > 0 || x.TriedTwice != "":
			ids = append(ids, x.ID)
		}
	}
	return ids
}

// exitOf returns the exit code of a run in which nothing passes. Only a MUST that failed
// decides it. A run may have selected none, or only some that it skipped, because a
// requirement that they need failed.
func exitOf(r *report.Report) int {
	failed := func(x report.Result) bool {
		return x.Level == scenarios.Must && x.Status != report.Skipped
	}
	if slices.ContainsFunc(r.Results, failed) {
		return report.ExitFailed
	}
	return report.ExitOK
}

// expectNothingPassed checks the exit code of a run, and that nothing passed in it. The
// results of those that are left out are not looked at.
func expectNothingPassed(
	t *testing.T, r *report.Report, exit, want int, leftOut []string,
) {
	t.Helper()
	if exit != want {
		t.Errorf("without a probe: exit %d, expected %d: %s", exit, want, r.Error)
	}
	for _, result := range r.Results {
		if !slices.Contains(leftOut, result.ID) {
			expectNotPassed(t, result)
		}
	}
}

// expectNotPassed checks that neither a judged requirement nor one of its cases passed.
func expectNotPassed(t *testing.T, result report.Result) {
	t.Helper()
	if result.Level == scenarios.Observe {
		return
	}
	if result.Status == report.Error {
		t.Errorf("%s: error of Assay itself: %s", result.ID, result.Reason)
	}
	if result.Status == report.Passed {
		t.Errorf("%s (%s): a useless server passed, expected a failure: %s",
			result.ID, result.Level, result.Title)
	}
	for _, c := range result.Cases {
		if c.Status == report.Passed {
			t.Errorf("%s/%s (%s): a useless server passed, expected a failure: %s",
				result.ID, c.Case, result.Level, result.Title)
		}
	}
}

// anotherCA is why a server fails that turns to another CA.
const anotherCA = report.CauseNoContact + ": lookup acme.invalid: no such host"

// expectOneCause checks that the report says of what rests on a certificate from the CA why
// it failed, also where the server logged nothing, as with a renewal.
func expectOneCause(t *testing.T, r *report.Report) {
	t.Helper()
	for _, id := range []string{"ACME-01", "ACME-06", "HTTP01-02", "ALPN01-01", "RES-02", "RES-20"} {
		x := r.Results[slices.IndexFunc(r.Results, func(x report.Result) bool { return x.ID == id })]
		if x.Status != report.Failed || x.Cause != anotherCA {
			t.Errorf("%s: found %s for the cause %q, expected a failure for %q: %s",
				id, x.Status, x.Cause, anotherCA, x.Reason)
		}
	}
	for _, x := range r.Results {
		if x.Cause != "" && !x.UsedCA {
			t.Errorf("%s: found a cause without a CA, expected none: %s", x.ID, x.Cause)
		}
	}
}

// expectTold checks that a run says while it goes on why the target got no certificate,
// once, and before the failures of which that is the cause.
func expectTold(t *testing.T, bin, target string) {
	t.Helper()
	_, output, exit := assayOutput(t, bin, target, "--no-probe", "--procs=4",
		"--only=ALPN01-*,HTTP01-02,ACME-31")
	told := strings.Index(output, "NO CERTIFICATE  "+report.CauseNoContact)
	failures := regexp.MustCompile(`(?m)^\d+ FAILURES  |^  \d+ FAILURES  `).FindAllString(output, -1)
	if exit != report.ExitFailed || told < 0 || strings.Count(output, "NO CERTIFICATE  ") != 1 ||
		len(failures) != 1 {
		t.Errorf("exit %d, expected %d; expected one line with NO CERTIFICATE, and one group of "+
			"failures, found %q in\n%s", exit, report.ExitFailed, failures, output)
	}
}

// assayRun runs the command against a target and reads its report.
func assayRun(t *testing.T, bin, target string, args ...string) (*report.Report, int) {
	t.Helper()
	r, _, exit := assayOutput(t, bin, target, append(args, "--quiet")...)
	return r, exit
}

// assayOutput does what assayRun does, and returns what the command prints too.
func assayOutput(
	t *testing.T, bin, target string, args ...string,
) (r *report.Report, printed string, exit int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	out := t.TempDir()
	args = append([]string{"run", "--target", target, "--out", out}, args...)
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "assay"), args...)
	var output strings.Builder
	cmd.Stdout, cmd.Stderr = &output, &output
	// Useless servers never do what specs wait for, so long waits only cost time.
	cmd.Env = append(os.Environ(), "ASSAY_PATIENCE=2s")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	cmd.Run() // the caller checks the exit code
	r, err := report.Read(filepath.Join(out, report.ReportFile))
	if err != nil {
		t.Fatalf("assay %s: %v\n%s", strings.Join(args, " "), err, output.String())
	}
	return r, output.String(), cmd.ProcessState.ExitCode()
}
