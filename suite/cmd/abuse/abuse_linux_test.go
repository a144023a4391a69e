package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"assay/fixtures/hostile"
)

func TestMain(m *testing.M) {
	if os.Getenv(supervised) != "" {
		os.Exit(supervise())
	}
	code := m.Run()
	if theBench != nil {
		if err := removeBench(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// The bench of all tests, which testBench makes.
var (
	theBench    *bench
	removeBench func() error
)

// testBench returns the bench of the tests.
func testBench(t *testing.T) *bench {
	t.Helper()
	if theBench == nil {
		var err error
		if theBench, removeBench, err = newBench(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	return theBench
}

// TestAttack runs the suite against two hostile servers, which must cost and leave no more
// than they may.
func TestAttack(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: this runs the suite twice")
	}
	b := testBench(t)
	for _, name := range []string{"file-pipe", "answer-header-line"} {
		attacks, err := attackOptions{Kinds: []string{name}, World: []string{"loopback"}}.attacks()
		if err != nil {
			t.Fatal(err)
		}
		a := attacks[0]
		a.uid = -1
		a.kind.Only = []string{"BYO-01", "CHAIN-01/two", "ACME-02/relative"}
		outcomes, err := b.attack(t.Context(), a, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range outcomes {
			if len(o.findings) > 0 {
				t.Errorf("%s: exit %d: %s", o.title, o.exit, strings.Join(o.findings, "\n"))
			}
			if o.memory.own == 0 || o.counts == "" {
				t.Errorf("%s: found %d bytes and the results %q, expected some of both", o.title,
					o.memory.own, o.counts)
			}
		}
	}
}

// TestFindings makes runs of a script in place of Assay that leave what they must not.
func TestFindings(t *testing.T) {
	b := testBench(t)
	script := `#!/bin/sh
sleep 300 &
echo x > "$TMPDIR/left"
echo x > ` + planted + `-here
printf '\033[2J\n::error::hostile-command\npanic: here\n'
exit 7
`
	real := b.assay
	defer func() { b.assay = real }()
	b.assay = filepath.Join(t.TempDir(), "assay")
	if err := os.WriteFile(b.assay, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	none := attack{kind: hostile.Kind{Name: "none"}, world: "loopback", uid: -1}
	o, err := b.run(t.Context(), none, "")
	if err != nil {
		t.Fatal(err)
	}
	found := strings.Join(o.findings, "\n")
	for _, want := range []string{
		"processes are left", "tmp/left is left", "work/" + planted, "the report: ",
		"a trace of a panic", "a command that is not Assay's", "a character that shows nothing",
	} {
		if !strings.Contains(found, want) {
			t.Errorf("found no %q in\n%s", want, found)
		}
	}
	if o.exit != 7 {
		t.Errorf("found exit %d, expected 7", o.exit)
	}
}

// TestCommandIn finds commands to workflows that are none of Assay's.
func TestCommandIn(t *testing.T) {
	for text, bad := range map[string]bool{
		"::error title=a::b\n":                             false,
		"::error::hostile-command\n":                       true,
		"  ::add-mask::a\n":                                true,
		"##[error]a\n":                                     true,
		"::stop-commands::x\n::add-mask::a\n::x::\nmore\n": false,
		"::stop-commands::x\n::y::\n":                      true,
		"a ::error::b\n":                                   false,
	} {
		if got := commandIn(text) != ""; got != bad {
			t.Errorf("%q: found %v, expected %v", text, got, bad)
		}
	}
}

// TestEveryKindHasAServer compares the list of kinds with the program.
func TestEveryKindHasAServer(t *testing.T) {
	kinds, err := hostile.Kinds()
	if err != nil {
		t.Fatal(err)
	}
	b := testBench(t)
	empty := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, k := range kinds {
		// Whatever its kind, it cannot do without a configuration, and says so.
		output, _ := exec.Command(b.server, k.Name, empty).CombinedOutput()
		if !strings.Contains(string(output), "the configuration cannot be read") {
			t.Errorf("%s: the server says %q, expected that it knows the kind", k.Name, output)
		}
		if seen[k.Name] {
			t.Errorf("the kind %s stands in the list twice", k.Name)
		}
		seen[k.Name] = true
	}
	if len(kinds) < 50 {
		t.Errorf("found %d kinds, expected those of fixtures/hostile", len(kinds))
	}
}
