package run

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"assay/suite/internal/patience"
)

// TestCommandCanBePasted checks that a shell takes the command of a report apart into
// the options of the run.
func TestCommandCanBePasted(t *testing.T) {
	t.Setenv(patience.Variable, "")
	o := Options{
		Program: "bin/assay", Target: "my targets/it's.yaml", Bin: "/opt/ser$ver#1",
		Env: []string{"A=b c", "B=~/x", "C=", "D=!{a,b}[c]"}, World: "loopback", CA: "stock",
		NoProbe: true, Strict: true,
	}
	want := []string{
		"bin/assay", "run", "--target", "my targets/it's.yaml", "--bin", "/opt/ser$ver#1",
		"--env", "A=b c", "--env", "B=~/x", "--env", "C=", "--env", "D=!{a,b}[c]",
		"--world", "loopback", "--ca", "stock", "--no-probe", "--strict",
	}
	out, err := exec.Command("sh", "-c", `printf '%s\n' `+o.Command()).Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Split(strings.TrimSpace(string(out)), "\n"); !slices.Equal(got, want) {
		t.Errorf("a shell reads %q as %q, expected %q", o.Command(), got, want)
	}
}

// TestCommandKeepsThePatience checks that a run which needs patience is repeated
// with it.
func TestCommandKeepsThePatience(t *testing.T) {
	t.Setenv(patience.Variable, "60s")
	const want = "ASSAY_PATIENCE=60s assay run"
	if got := (Options{Program: "assay", World: "auto"}).Command(); got != want {
		t.Errorf("%q, expected %q", got, want)
	}
}

func TestProgram(t *testing.T) {
	t.Parallel()
	for called, want := range map[string]string{
		"assay":                         "assay",
		"bin/assay":                     "bin/assay",
		"./my tools/assay":              "'./my tools/assay'",
		"/opt/assay-v1.2":               "/opt/assay-v1.2",
		"/tmp/x/example.test":           "assay",
		"/tmp/assay.test":               "assay",
		"/tmp/go-build1/b001/exe/assay": "go run assay/suite/cmd/assay",
	} {
		if got := program(called); got != want {
			t.Errorf("%q: %q, expected %q", called, got, want)
		}
	}
}

// TestLastWords checks what a report without verdicts says of the inner process's end.
func TestLastWords(t *testing.T) {
	t.Parallel()
	for output, want := range map[string]string{
		"": "",
		"Ginkgo ran\n  assay: a line of a target's\n":                 "",
		"assay: first\nmore\nassay: world: lo is down\x1b[2J\nmore\n": `: world: lo is down\x1b[2J`,
	} {
		if got := lastWords(output); got != want {
			t.Errorf("%q: found %q, expected %q", output, got, want)
		}
	}
}
