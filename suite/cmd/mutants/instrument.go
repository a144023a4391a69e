package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"assay/fixtures/instruments"
	"assay/fixtures/mutants"
	"assay/fixtures/overlay"
	"assay/scenarios"
	"assay/suite/report"
	"assay/suite/report/words"
)

// A testedInstrument is a known-bad instrument and what its catcher made of it.
type testedInstrument struct {
	instrument *instruments.Instrument
	outcome    outcome
	took       time.Duration
	remark     string // why it is not caught
	missing    string // what this machine lacks to run the catcher
	err        error  // why the instrument could not be tested
}

// result returns the result in one word.
func (t testedInstrument) result() string {
	switch {
	case t.err != nil:
		return "error"
	case t.missing != "":
		return "skipped"
	case t.outcome == wrong:
		return "wrong"
	}
	return string(t.outcome)
}

// testInstruments tests instruments and reports progress on standard error. Its error
// is an interruption, or that the reference server does not compile.
func (r *runner) testInstruments(
	ctx context.Context, selected []*instruments.Instrument,
) ([]testedInstrument, error) {
	needed := func(i *instruments.Instrument) bool { return i.CaughtBy.Requirement != "" }
	if slices.ContainsFunc(selected, needed) {
		err := overlay.Compile(ctx, r.root, r.dir, r.reference(), "./server/cmd/assay-server")
		if err != nil {
			return nil, err
		}
	}
	tested := make([]testedInstrument, len(selected))
	err := forEach(ctx, len(selected), func(i int) string {
		tested[i] = r.testInstrument(ctx, selected[i])
		t := tested[i]
		var remarks []string
		if t.remark != "" {
			remarks = append(remarks, t.remark)
		}
		return progress(t.result(), t.instrument.Name, t.took, remarks, t.err)
	})
	return tested, err
}

// reference returns the path of the reference server, which testInstruments compiles.
func (r *runner) reference() string { return filepath.Join(r.dir, "assay-server") }

// testInstrument builds the suite with a broken instrument and runs what has to catch it.
func (r *runner) testInstrument(ctx context.Context, i *instruments.Instrument) testedInstrument {
	started := time.Now()
	t := testedInstrument{instrument: i}
	t.err = r.catch(ctx, &t)
	t.took = time.Since(started)
	return t
}

// catch runs what has to catch an instrument.
func (r *runner) catch(ctx context.Context, t *testedInstrument) error {
	dir := filepath.Join(r.dir, "instrument-"+t.instrument.Name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	replacements, err := overlay.Write(r.root, t.instrument.Sources, dir)
	if err != nil {
		return err
	}
	if t.instrument.CaughtBy.Test != "" {
		return r.runTest(ctx, t, dir, replacements)
	}
	broken := *r
	broken.dir, broken.assay = dir, filepath.Join(dir, "assay")
	err = overlay.Compile(ctx, r.root, dir, broken.assay, "./suite/cmd/assay",
		"-overlay", replacements)
	switch {
	case err != nil:
		return err
	case t.instrument.CaughtBy.Server != "":
		return broken.runServer(ctx, t)
	}
	return broken.runRequirement(ctx, t, r.reference())
}

// testTimeout bounds a unit test that runs with a broken instrument.
const testTimeout = "2m"

// runTest runs the unit test that has to catch an instrument.
func (r *runner) runTest(
	ctx context.Context, t *testedInstrument, dir, replacements string,
) error {
	by := t.instrument.CaughtBy
	cmd := exec.CommandContext(ctx, "go", "test", "-overlay", replacements, "-count=1", "-vet=off",
		"-ldflags=-s", "-timeout", testTimeout, "-v", "-run", "^"+by.Test+"$", "./"+by.Package)
	cmd.Dir = r.root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOTMPDIR="+dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 15 * time.Second
	output, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return err
	}
	return t.judgeTest(string(output), err != nil)
}

var skipped = regexp.MustCompile(`(?m)^--- SKIP: .*\n((?:\s.*\n)*)`)

// judgeTest judges the output of a unit test. A test that did not run allows no verdict.
func (t *testedInstrument) judgeTest(output string, failed bool) error {
	i := t.instrument
	ran := strings.Contains(output, "=== RUN   "+i.CaughtBy.Test+"\n")
	switch skip := skipped.FindStringSubmatch(output); {
	case !ran:
		return fmt.Errorf("%s: the test did not run:\n%s", i.CaughtBy, strings.TrimSpace(output))
	case !failed && skip != nil:
		t.missing = words.OneLine(skip[1])
	default:
		t.judge(failed, output, "the test passes")
	}
	return nil
}

// tail returns the end of an output that is shown.
func tail(output string) string {
	const most = 2000
	return strings.TrimSpace(output[max(0, len(output)-most):])
}

// runServer runs a known-bad server, which is not to be caught.
func (r *runner) runServer(ctx context.Context, t *testedInstrument) error {
	all, err := mutants.Load(os.DirFS(r.root))
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(m *mutants.Mutant) bool {
		return m.Name == t.instrument.CaughtBy.Server
	})
	tested := r.testMutant(ctx, all[at]) // the loader of the instruments has looked for it
	if ctx.Err() != nil {
		return ctx.Err()
	}
	text := strings.Join(tested.verdict.remarks, "\n")
	if tested.err != nil {
		text = tested.err.Error()
	}
	t.judge(tested.result() != string(caught), text, "the known-bad server is caught")
	return nil
}

// runRequirement runs the requirement that has to catch an instrument, with the reference
// server.
func (r *runner) runRequirement(ctx context.Context, t *testedInstrument, server string) error {
	out := filepath.Join(r.dir, "report")
	cmd := r.assayRun(ctx, r.assay, out, "--bin", server,
		"--only", t.instrument.CaughtBy.Requirement, "--procs", partWorkers)
	output, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return err
	}
	got, err := report.Read(filepath.Join(out, report.ReportFile))
	if err != nil {
		return fmt.Errorf("%w: assay run says: %s", err, bytes.TrimSpace(output))
	}
	return t.judgeReport(got)
}

// judge sets the outcome. noticed says whether the catcher noticed the instrument, and
// text what it said. otherwise says what happened if it did not.
func (t *testedInstrument) judge(noticed bool, text, otherwise string) {
	switch {
	case !noticed:
		t.outcome, t.remark = missed, otherwise
	case !t.instrument.Seen.MatchString(text):
		t.outcome = wrong
		t.remark = fmt.Sprintf("expected a failure that matches %q:\n%s", t.instrument.Seen, tail(text))
	default:
		t.outcome = caught
	}
}

// judgeReport judges a run of a requirement of the reference server, which passes with
// good instruments.
func (t *testedInstrument) judgeReport(r *report.Report) error {
	i := t.instrument
	for n := range r.Results {
		x := &r.Results[n]
		if x.ID != i.CaughtBy.Requirement {
			continue
		}
		text := x.Reason + "\n" + x.Detail + "\n" + r.Error
		noticed := x.Status == report.Failed || x.Status == report.Error || r.Error != ""
		if !noticed && x.Status == report.Skipped {
			t.missing = x.Reason
			return nil
		}
		t.judge(noticed, text, fmt.Sprintf("%s has the status %s", x.ID, x.Status))
		return nil
	}
	return fmt.Errorf("%s: found no result in the report", i.CaughtBy)
}

// loadInstruments reads the files of all instruments, checks the requirements in them,
// and returns those that the options select.
func loadInstruments(
	root string, catalogue *scenarios.Catalogue, o options,
) ([]*instruments.Instrument, error) {
	all, err := instruments.Load(os.DirFS(root))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, i := range all {
		names = append(names, i.Name)
		if id := i.CaughtBy.Requirement; id != "" && !catalogue.Knows(id) {
			err = errors.Join(err, fmt.Errorf(
				"%s: found %s, expected a requirement of the catalogue", i.File, id))
		}
	}
	if err != nil {
		return nil, err
	}
	chosen, err := matching(names, o.Names, "an instrument in "+instruments.Dir)
	if o.Sample > 0 {
		chosen = sample(names, o.Sample)
	}
	return slices.DeleteFunc(all, func(i *instruments.Instrument) bool { return !chosen[i.Name] }), err
}
