package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	targetclock "assay/suite/internal/clock"
	"assay/suite/report"
)

// assay and server are the paths of executables that TestMain builds.
var assay, server string

func TestMain(m *testing.M) {
	if os.Getenv(envCounter) != "" {
		counted()
	}
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "assay-command-")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		// Scripts execute the server. In a run of root's they have an ID of their own.
		if err := os.Chmod(dir, 0o755); err != nil {
			panic(err)
		}
		build := exec.Command("go", "build", "-o", dir, ".", "../../../server/cmd/assay-server")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if output, err := build.CombinedOutput(); err != nil {
			panic(string(output))
		}
		assay, server = filepath.Join(dir, "assay"), filepath.Join(dir, "assay-server")
		return m.Run()
	}())
}

// run runs assay and returns its exit code and its output.
func run(t *testing.T, args ...string) (code int, output string) {
	t.Helper()
	cmd := exec.Command(assay, args...)
	cmd.Dir = t.TempDir()
	text, err := cmd.CombinedOutput()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(text)
}

// writeProgram writes an executable file. No other goroutine forks meanwhile: the child
// would hold the open file until it executes its program, and the kernel executes no
// file that a process has open for writing.
func writeProgram(t *testing.T, name, text string) {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(name, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

// expectTexts checks that an output holds all these texts.
func expectTexts(t *testing.T, output string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(output, text) {
			t.Errorf("expected %q in:\n%s", text, output)
		}
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		args   []string
		code   int
		says   string
		report bool
	}{
		{
			"conforms", []string{"--bin", server, "--only", "BYO-01"},
			report.ExitOK, "1 passed, 0 failed", true,
		},
		{
			"conforms on loopback",
			[]string{"--bin", server, "--only", "BYO-01", "--world", "loopback"},
			report.ExitOK, "loopback world", true,
		},
		{
			"not a server", []string{"--bin", "/bin/true"},
			report.ExitTrouble, "probe: true does not start", true,
		},
		{
			"no such executable", []string{"--bin", "/no/such/server"},
			report.ExitTrouble, "expected an executable", false,
		},
		{
			"no such target", []string{"--target", "no-such-target.yaml"},
			report.ExitTrouble, "no-such-target.yaml", false,
		},
		{
			"glob without a match", []string{"--bin", server, "--only", "NOPE-*"},
			report.ExitTrouble, "matches no requirement", false,
		},
		{"unknown flag", []string{"--frobnicate"}, report.ExitTrouble, "--frobnicate", false},
		{
			"more workers than addresses", []string{"--bin", server, "--procs", "128"},
			report.ExitTrouble, "--procs: found 128, expected at most 127", false,
		},
		{
			"profile that is not claimed", []string{"--bin", server, "--profile", "quic"},
			report.ExitTrouble, `does not claim "quic"`, false,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out := filepath.Join(t.TempDir(), "report")
			code, output := run(t, append([]string{"run", "--out", out}, tt.args...)...)
			if code != tt.code || !strings.Contains(output, tt.says) {
				t.Errorf("exit %d, expected %d; expected %q in:\n%s", code, tt.code, tt.says, output)
			}
			r, err := report.Read(filepath.Join(out, report.ReportFile))
			if written := err == nil; written != tt.report {
				t.Fatalf("a report was written: %v (%v), expected %v", written, err, tt.report)
			}
			if tt.report && r.Exit != tt.code {
				t.Errorf("the report says exit %d, expected %d", r.Exit, tt.code)
			}
		})
	}
}

// TestInterrupted interrupts a run, which still has to write a report.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "report")
	cmd := exec.Command(assay, "run", "--bin", server, "--out", out)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, out) // the run makes it just before it starts the first process
	cmd.Process.Signal(syscall.SIGINT)
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != report.ExitInterrupted {
		t.Errorf("exit %d, expected %d", code, report.ExitInterrupted)
	}
	r, err := report.Read(filepath.Join(out, report.ReportFile))
	if err != nil {
		t.Fatal(err)
	}
	if r.Exit != report.ExitInterrupted {
		t.Errorf("the report says exit %d, expected %d", r.Exit, report.ExitInterrupted)
	}
}

// TestProfile selects one profile. The target still claims all its profiles, so that
// requirements which need another profile are not skipped.
func TestProfile(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "report")
	code, output := run(t, "run", "--bin", server, "--out", out, "--profile", "chain")
	if code != report.ExitOK {
		t.Fatalf("exit %d, expected %d:\n%s", code, report.ExitOK, output)
	}
	r, err := report.Read(filepath.Join(out, report.ReportFile))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(r.Target.Profiles, "byo") {
		t.Errorf("the target claims %v, expected byo among it", r.Target.Profiles)
	}
	for _, result := range r.Results {
		selected := result.Profile == "chain"
		if claimed := result.Status != report.NotClaimed; claimed && result.LeftOut == selected {
			t.Errorf("%s: left out: %t, expected %t", result.ID, result.LeftOut, !selected)
		}
		if selected && result.Status != report.Passed {
			t.Errorf("%s: found %s (%s), expected passed", result.ID, result.Status, result.Reason)
		}
	}
}

// TestProbeThatCannotBeConfigured uses a target file whose template fails. The error
// has to say so, and not that the server does not start.
func TestProbeThatCannotBeConfigured(t *testing.T) {
	t.Parallel()
	target := filepath.Join(t.TempDir(), "target.yaml")
	const text = "name: mute\ncommand: [/bin/true]\nprofiles: [byo]\n" +
		"config: {template: '{{cannot `it has no keys`}}'}\n"
	if err := os.WriteFile(target, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, output := run(t, "run", "--target", target)
	if code != report.ExitTrouble {
		t.Errorf("exit %d, expected %d", code, report.ExitTrouble)
	}
	expectTexts(t, output, "probe: mute", "the server cannot be configured so: it has no keys")
}

func TestList(t *testing.T) {
	t.Parallel()
	for format, says := range map[string]string{
		"table": "BYO-01", "json": `"BYO-01"`, "markdown": "BYO-01",
	} {
		code, output := run(t, "list", "--format", format)
		if code != 0 || !strings.Contains(output, says) {
			t.Errorf("list --format %s: exit %d, expected 0 and %s in:\n%.500s", format, code, says, output)
		}
	}
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	code, output := run(t, "doctor", "--bin", server)
	if code != 0 {
		t.Errorf("the reference server: exit %d, expected 0", code)
	}
	expectTexts(t, output, "world", "confinement", "open files", "openssl", "version assay-server v",
		"x/crypto v0.", "schedule", "starts with a plain configuration",
		"ok       issuance    by tls-alpn-01: doctor.assay.test")
	if err := targetclock.Available(); err == nil {
		expectTexts(t, output, "ok       clock       moved by 30 days in 1 process: the time was read")
	} else {
		expectTexts(t, output, "limited  clock       "+err.Error())
	}
	// A server that does not trust the CA's HTTPS endpoint.
	code, output = run(t, "doctor", "--bin", script(t, "unset SSL_CERT_FILE"))
	if code != 0 {
		t.Errorf("a server without the CA's roots: exit %d, expected 0", code)
	}
	expectTexts(t, output, "limited  issuance    by tls-alpn-01: the handshake failed",
		"the CA saw")
	code, output = run(t, "doctor", "--bin", "/bin/true")
	if code != report.ExitTrouble {
		t.Errorf("/bin/true: exit %d, expected %d", code, report.ExitTrouble)
	}
	expectTexts(t, output, "probe")
}

// TestKeep checks that --keep copies the files of a spec.
func TestKeep(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "report")
	code, output := run(t, "run", "--bin", server, "--out", out, "--only", "BYO-01", "--keep")
	if code != 0 {
		t.Fatalf("exit %d, expected 0:\n%s", code, output)
	}
	expectTexts(t, output, "kept: the directory of each spec, in ")
	for _, file := range []string{"config.yaml", "cert.pem", "key.pem"} {
		if _, err := os.Stat(filepath.Join(out, "kept/BYO-01", file)); err != nil {
			t.Error(err)
		}
	}
}
