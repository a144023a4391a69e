package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// A result says what became of a function.
type result struct {
	executions, interesting int
	failed                  bool
	input                   string // the file of the input that failed, relative to the module
	output                  string // of go test, if the function failed
}

// verdict describes the result in words.
func (r result) verdict() string {
	switch {
	case !r.failed:
		return "ok"
	case r.input != "":
		return "failed: " + r.input
	}
	return "failed"
}

// run runs the function for this long, "1m", or so often, "1000x".
func (f function) run(ctx context.Context, module string, each string) (result, error) {
	// By default go test spends up to a minute on making each interesting input shorter.
	test := exec.CommandContext(ctx, "go", "test", "-run=^$", "-fuzz=^"+f.name+"$",
		"-fuzztime="+each, "-fuzzminimizetime=1s", "-timeout=0", "./"+f.dir)
	test.Dir = module
	text, err := test.CombinedOutput()
	if ctx.Err() != nil {
		return result{}, ctx.Err()
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return result{}, err
	}
	r := read(string(text))
	if strings.Contains(string(text), "[build failed]") || err == nil && r.executions == 0 {
		return r, fmt.Errorf("it never ran:\n%s", text)
	}
	if err != nil && !onlyLate(string(text)) {
		r.failed, r.output = true, string(text)
		if r.input != "" {
			r.input = path.Join(f.dir, r.input)
		}
	}
	return r, nil
}

// onlyLate reports whether all that go test complains of is that the time was over
// while an input ran. On a busy machine go test calls that a failure.
func onlyLate(output string) bool {
	_, said, found := strings.Cut(output, "--- FAIL: ")
	if !found || strings.Contains(output, "Failing input") {
		return false
	}
	lines := strings.Split(said, "\n")
	return len(lines) > 1 && strings.TrimSpace(lines[1]) == "context deadline exceeded"
}

var (
	// counts matches "elapsed: 3s, execs: 325017 (108336/sec), new interesting: 11".
	counts = regexp.MustCompile(`elapsed: .*, execs: (\d+) \([^)]*\)(?:, new interesting: (\d+))?`)
	// written matches the name of a new file, and failing that of one that was there.
	written = regexp.MustCompile(`(?m)^\s*Failing input written to (\S+)$`)
	failing = regexp.MustCompile(`(?m)^\s*(?:failure while testing seed corpus entry: )` +
		`(Fuzz\w*)/([0-9a-f]{8,})$`)
)

// read returns the counts and the failing input from the output of go test.
func read(output string) (r result) {
	if all := counts.FindAllStringSubmatch(output, -1); len(all) > 0 {
		last := all[len(all)-1]
		r.executions, _ = strconv.Atoi(last[1])
		for _, match := range all {
			if n, err := strconv.Atoi(match[2]); err == nil {
				r.interesting = n
			}
		}
	}
	if match := written.FindStringSubmatch(output); match != nil {
		r.input = match[1]
	} else if match := failing.FindStringSubmatch(output); match != nil {
		r.input = path.Join("testdata/fuzz", match[1], match[2])
	}
	return r
}
