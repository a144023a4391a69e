package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"assay/suite/report"
)

// TestMistypedWords checks that messages about mistyped words name the right ones.
func TestMistypedWords(t *testing.T) {
	t.Parallel()
	target := filepath.Join(t.TempDir(), "target.yaml")
	text := "name: x\ncomand: [a]\nready: {tpc: listen_addr}\nprofiles: [bio]\nconfig: {base: {}}\n"
	if err := os.WriteFile(target, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		says []string
	}{
		{[]string{"rum"}, []string{`did you mean "run"?`}},
		{[]string{"run", "--onlly", "x"}, []string{`did you mean "--only"?`}},
		{[]string{"run", "--only", "bio-02"}, []string{"did you mean BYO-02?"}},
		{[]string{"run", "--target", "ngnix"}, []string{"did you mean nginx?"}},
		{[]string{"run", "--target", target}, []string{
			"did you mean command?", "did you mean tcp?", "did you mean byo?",
		}},
		{[]string{"explain", "acme-99"}, []string{"ACME-99", "see: assay list"}},
		{[]string{"explain", "byo-02/dotdot"}, []string{"did you mean BYO-02/dot-dot?"}},
		{[]string{"list", "bio-02"}, []string{"did you mean BYO-02?"}},
	} {
		code, output := run(t, tt.args...)
		if code != report.ExitTrouble {
			t.Errorf("%q: exit %d, expected %d", tt.args, code, report.ExitTrouble)
		}
		expectTexts(t, output, tt.says...)
	}
}

func TestListAndExplain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		says []string
		not  string
	}{
		{[]string{"list", "byo-2"}, []string{
			"BYO-02  MUST  ", " cases  relative paths", "BYO-02/dot-dot",
		}, "BYO-03"},
		{[]string{"list", "expiry", "byo-02/dot-*"}, []string{"EXPIRY-03", "BYO-02"}, "BYO-02/symlink"},
		{[]string{"list", "http01-*", "--format", "json"}, []string{`"HTTP01-01"`, `"digest"`}, "BYO-01"},
		{[]string{"explain", "byo-3"}, []string{
			"BYO-03  MUST", "Promise", "Why it matters", "How it is tried",
			"The spec starts the target in another directory", "Check: the first certificate",
			"relative paths are taken from the working directory", "assay run --only BYO-03 --keep",
			"Read assay-report/evidence/BYO-03",
		}, "BYO-02"},
		{[]string{"explain", "BYO-02/Dot-Dot"}, []string{
			"BYO-02/dot-dot", "The case", `cert: "../pki/cert.pem"`,
		}, "symlink "},
	} {
		code, output := run(t, tt.args...)
		if code != 0 {
			t.Errorf("%q: exit %d, expected 0", tt.args, code)
		}
		expectTexts(t, output, tt.says...)
		if strings.Contains(output, tt.not) {
			t.Errorf("%q: found %q, expected none of it in:\n%s", tt.args, tt.not, output)
		}
	}
}

// TestReferenceServerIsFound runs without --bin: the server beside assay is taken, and
// without one the message says what to do.
func TestReferenceServerIsFound(t *testing.T) {
	t.Parallel()
	code, output := run(t, "run", "--only", "BYO-01")
	if code != report.ExitOK {
		t.Errorf("exit %d, expected 0", code)
	}
	expectTexts(t, output, "reference server: "+server+", which is beside assay", "1 passed, 0 failed")

	text, err := os.ReadFile(assay)
	if err != nil {
		t.Fatal(err)
	}
	alone := filepath.Join(t.TempDir(), "assay")
	writeProgram(t, alone, string(text))
	for _, command := range []string{"run", "doctor"} {
		cmd := exec.Command(alone, command)
		cmd.Dir, cmd.Env = filepath.Dir(alone), []string{"PATH="}
		text, err := cmd.CombinedOutput()
		if err == nil || cmd.ProcessState.ExitCode() != report.ExitTrouble {
			t.Errorf("%s: %v, expected exit %d", command, err, report.ExitTrouble)
		}
		expectTexts(t, string(text), "found no assay-server beside assay", "make build", "--bin PATH",
			"--target FILE")
	}
}

// TestExitCodesInHelp compares the exit codes in the help of run with the contract.
func TestExitCodesInHelp(t *testing.T) {
	t.Parallel()
	_, output := run(t, "run", "--help")
	codes := regexp.MustCompile(`(?m)^\| (\d+) \|`)
	_, section, _ := strings.Cut(content(t, contracts), "\n## Exit codes\n")
	section, _, _ = strings.Cut(section, "\n## ")
	found := codes.FindAllStringSubmatch(section, -1)
	if len(found) < 4 {
		t.Fatalf("found %d exit codes in %s, expected at least 4", len(found), contracts)
	}
	for _, m := range found {
		if !regexp.MustCompile(`(?m)^\s+` + m[1] + `\s`).MatchString(output) {
			t.Errorf("found no exit code %s in:\n%s", m[1], output)
		}
	}
}

// TestVariablesOfFlags checks that every flag of run has a variable of its own, and that
// none is a variable by which the processes of a run pass values.
func TestVariablesOfFlags(t *testing.T) {
	t.Parallel()
	variable := regexp.MustCompile(`= "(ASSAY_[A-Z_]+)"`)
	internal := map[string]bool{}
	for _, name := range files(t, ".go") {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, m := range variable.FindAllStringSubmatch(content(t, name), -1) {
			internal[m[1]] = true
		}
	}
	if !internal["ASSAY_RUN"] || !internal["ASSAY_OPTIONS"] {
		t.Fatalf("found the internal variables %v, expected ASSAY_RUN and ASSAY_OPTIONS among them",
			internal)
	}
	for _, node := range newParser().Model.Children {
		if node.Name != "run" {
			continue
		}
		for _, f := range node.Flags {
			want := "ASSAY_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
			switch {
			case len(f.Envs) != 1 || f.Envs[0] != want:
				t.Errorf("--%s: found the variables %q, expected %s", f.Name, f.Envs, want)
			case internal[want]:
				t.Errorf("--%s: %s is a variable of Assay's own", f.Name, want)
			}
		}
	}
}

// completionOf is a bash script that completes a command line as bash does. It breaks
// words at = as readline does.
const completionOf = `
source <("$ASSAY" completion bash)
line=$1
COMP_LINE=$line COMP_POINT=${#line}
read -ra COMP_WORDS <<<"${line//=/ = }"
[[ $line == *[\ =] ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_assay
printf '%s\n' "${COMPREPLY[@]}"
`

func TestCompletionInBash(t *testing.T) {
	t.Parallel()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not on PATH:", err)
	}
	for line, want := range map[string]string{
		"assay exp":                   "explain",
		"assay run --last":            "--last-failed",
		"assay run --only byo-01,BYO": "byo-01,BYO-02",
		"assay run --target=cad":      "caddy",
		"assay run --target cad":      "caddy",
		"assay run --world loop":      "loopback",
		"assay explain expiry-0":      "EXPIRY-03",
		"assay completion f":          "fish",
		"assay init some":             "some-file.yaml",
		"assay run --profile byo,tls": "byo,tls-alpn-01",
	} {
		cmd := exec.Command(bash, "-c", completionOf, "bash", line)
		cmd.Dir = t.TempDir()
		if err := os.WriteFile(filepath.Join(cmd.Dir, "some-file.yaml"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		cmd.Env = append(os.Environ(), "ASSAY="+assay, "PATH="+filepath.Dir(assay)+":"+os.Getenv("PATH"))
		output, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v", line, err)
		}
		if !strings.Contains("\n"+string(output), "\n"+want+"\n") {
			t.Errorf("%s: found %q, expected %s among it", line, output, want)
		}
	}
}

// TestCompletionScriptsParse lets each shell check its script.
func TestCompletionScriptsParse(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish"} {
		code, text := run(t, "completion", shell)
		if code != 0 || !strings.Contains(text, "completion words --") {
			t.Errorf("%s: exit %d, expected a script:\n%s", shell, code, text)
		}
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("there is no %s here: its script is not checked", shell)
			continue
		}
		cmd := exec.Command(path, "-n")
		cmd.Stdin = strings.NewReader(text)
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s -n: %v: %s", shell, err, output)
		}
	}
}
