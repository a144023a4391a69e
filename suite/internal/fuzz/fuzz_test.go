package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// module writes a module with the fuzz functions that a test needs.
func module(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module example\n\ngo 1.26\n",
		"good/good_test.go": `package good

import "testing"

func FuzzGood(f *testing.F) {
	f.Add("seed")
	f.Fuzz(func(*testing.T, string) {})
}

func Fuzzy(string) {}
`,
		"bad/bad.go": "package bad\n",
		"bad/bad_test.go": `package bad_test

import (
	"strings"
	"testing"
)

func FuzzBad(f *testing.F) {
	f.Add("seed")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "0") {
			t.Error("a nought was found")
		}
	})
}
`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Every fuzz function of a module is found, and what go test does not run is not.
func TestFind(t *testing.T) {
	t.Parallel()
	all, err := find(t.Context(), module(t))
	if err != nil {
		t.Fatal(err)
	}
	want := []function{{"FuzzBad", "bad"}, {"FuzzGood", "good"}}
	if !slices.Equal(all, want) {
		t.Errorf("found %v, expected %v", all, want)
	}
	if chosen, err := choose(all, []string{"*Good"}); err != nil || len(chosen) != 1 {
		t.Errorf("by name: found %v, %v", chosen, err)
	}
	if chosen, err := choose(all, []string{"bad"}); err != nil || len(chosen) != 1 {
		t.Errorf("by directory: found %v, %v", chosen, err)
	}
	if _, err := choose(all, []string{"FuzzNone"}); err == nil {
		t.Error("a pattern that matches nothing: found no error")
	}
}

// A function that fails ends the run, and the file of the input is named and there.
func TestRun(t *testing.T) {
	t.Parallel()
	dir := module(t)
	var out bytes.Buffer
	if err := run(t.Context(), dir, "100x", []string{"good"}, &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	line := out.String()
	if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "ok\n") ||
		!strings.HasPrefix(line, "FuzzGood ") || strings.Contains(line, " 0 executions") {
		t.Errorf("found %q, expected one line with executions and ok", line)
	}

	// Go finds the nought soon; the limit is for a starved machine.
	out.Reset()
	err := run(t.Context(), dir, "5m", nil, &out)
	if !errors.Is(err, errFound) {
		t.Fatalf("found %v, expected a failure\n%s", err, out.String())
	}
	text := out.String()
	if strings.Contains(text, "FuzzGood") || !strings.Contains(text, "a nought was found") {
		t.Errorf("the run went on, or does not say why:\n%s", text)
	}
	inputs, err := filepath.Glob(filepath.Join(dir, "bad/testdata/fuzz/FuzzBad/*"))
	if err != nil || len(inputs) != 1 {
		t.Fatalf("found inputs %q (%v), expected one", inputs, err)
	}
	name := "failed: bad/testdata/fuzz/FuzzBad/" + filepath.Base(inputs[0]) + "\n"
	if !strings.Contains(text, name) {
		t.Errorf("found no %q in\n%s", name, text)
	}

	// Afterwards the input is a seed, and fails as such.
	out.Reset()
	if err := run(t.Context(), dir, "1s", []string{"bad"}, &out); !errors.Is(err, errFound) ||
		!strings.Contains(out.String(), name) {
		t.Errorf("found %v, expected a failure with %q\n%s", err, name, out.String())
	}
}

// What does not build is an error, not a find.
func TestBroken(t *testing.T) {
	t.Parallel()
	dir := module(t)
	if err := os.WriteFile(filepath.Join(dir, "bad/bad.go"), []byte("package"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err := run(t.Context(), dir, "1s", nil, &out)
	if err == nil || errors.Is(err, errFound) {
		t.Errorf("found %v, expected an error of go list", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := run(ctx, module(t), "1s", nil, &out); !errors.Is(err, context.Canceled) {
		t.Errorf("found %v, expected %v", err, context.Canceled)
	}
}

// A busy machine is no failure.
func TestOnlyLate(t *testing.T) {
	t.Parallel()
	for output, want := range map[string]bool{
		"--- FAIL: FuzzA (5.06s)\n    context deadline exceeded\nFAIL\n": true,
		"--- FAIL: FuzzA (5.06s)\n    --- FAIL: FuzzA (0.00s)\n        a_test.go:10: wrong\n" +
			"    \n    Failing input written to testdata/fuzz/FuzzA/1\n": false,
		"a.go:3: syntax error\nFAIL\n": false,
	} {
		if got := onlyLate(output); got != want {
			t.Errorf("%q: found %t, expected %t", output, got, want)
		}
	}
}

// The counts are the last ones that go test prints.
func TestRead(t *testing.T) {
	t.Parallel()
	got := read("fuzz: elapsed: 0s, gathering baseline coverage: 0/2 completed\n" +
		"fuzz: elapsed: 3s, execs: 25017 (8339/sec), new interesting: 11 (total: 13)\n" +
		"fuzz: elapsed: 6s, execs: 50034 (8339/sec), new interesting: 12 (total: 14)\nPASS\n")
	if want := (result{executions: 50034, interesting: 12}); got != want {
		t.Errorf("found %+v, expected %+v", got, want)
	}
}
