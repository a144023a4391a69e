package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"assay/fixtures/mutants"
	"assay/scenarios"
	"assay/suite/report"
)

// smoke are cheap requirements of several chapters. A mutant passes them
// unless it says otherwise: one that breaks everything proves nothing.
var smoke = []string{"BYO-01", "CHAIN-02", "ACME-01", "HTTP01-02", "ALPN01-01"}

// atOnce is how many servers are tried at a time. Few workers do for a part of
// the suite: each costs its start, and the other servers fill its waits.
const (
	atOnce      = 4
	partWorkers = "4"
)

// laboratory is where servers are built and tried.
type laboratory struct {
	root      string          // the module
	dir       string          // everything temporary
	world     string          // the option of assay run
	whole     map[string]bool // servers that the whole suite is run against
	assay     string          // the suite's executable
	catalogue *scenarios.Catalogue
}

// trial is one mutant and what came of it.
type trial struct {
	mutant  *mutants.Mutant
	whole   bool // the whole suite was run
	took    time.Duration
	verdict verdict
	err     error // it could not be tried
}

// tryAll tries the mutants and reports progress on standard error. Its error
// is an interruption.
func (l *laboratory) tryAll(ctx context.Context, selected []*mutants.Mutant) ([]trial, error) {
	trials := make([]trial, len(selected))
	err := each(ctx, len(selected), func(i int) string {
		trials[i] = l.try(ctx, selected[i])
		return fmt.Sprintf("%-8s %s (%.1f s)", trials[i].word(), selected[i].Name, trials[i].took.Seconds())
	})
	return trials, err
}

// each does something n times, a few at a time, and reports progress on
// standard error. Its error is an interruption.
func each(ctx context.Context, n int, do func(i int) (progress string)) error {
	var done atomic.Int32
	var all errgroup.Group
	all.SetLimit(atOnce)
	for i := range n {
		all.Go(func() error {
			if ctx.Err() != nil {
				return nil
			}
			if progress := do(i); ctx.Err() == nil {
				fmt.Fprintf(os.Stderr, "[%d/%d] %s\n", done.Add(1), n, progress)
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	return nil
}

func (l *laboratory) buildAssay(ctx context.Context) error {
	l.assay = filepath.Join(l.dir, "assay")
	cmd := exec.CommandContext(ctx, "go", "build", "-ldflags=-s", "-o", l.assay, "./suite/cmd/assay")
	cmd.Dir = l.root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOTMPDIR="+l.dir)
	interruptible(cmd)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building assay: %w\n%s", err, output)
	}
	return nil
}

// try builds one mutant, runs the suite against it and judges the report.
func (l *laboratory) try(ctx context.Context, m *mutants.Mutant) trial {
	started := time.Now()
	t := trial{mutant: m, whole: l.whole[m.Name]}
	var only []string
	if !t.whole {
		// What stands for half a chapter is for the runs of the whole suite.
		exact := slices.DeleteFunc(named(m), func(name string) bool { return strings.Contains(name, "*") })
		only = tried(exact, l.catalogue)
	}
	r, err := l.report(ctx, m.Name, only, func(dir string) ([]string, error) {
		server, err := mutants.Build(ctx, l.root, m, dir)
		options := []string{"--bin", server}
		if m.Target != nil && err == nil {
			target := filepath.Join(dir, "target.yaml")
			options = append(options, "--target", target)
			err = os.WriteFile(target, m.Target, 0o644)
		}
		return options, err
	})
	if err == nil {
		t.verdict, err = judge(m, r)
	}
	t.err, t.took = err, time.Since(started)
	return t
}

// report runs these requirements, all if there are none, against a server that
// prepare makes in a directory; it returns the options that name the server.
func (l *laboratory) report(ctx context.Context, name string, only []string, prepare func(dir string) ([]string, error)) (*report.Report, error) {
	dir := filepath.Join(l.dir, name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	server, err := prepare(dir)
	if err != nil {
		return nil, err
	}
	out := filepath.Join(dir, "report")
	args := append([]string{"run", "--out", out, "--world", l.world, "--quiet", "--strict"}, server...)
	if len(only) > 0 {
		args = append(args, "--only", strings.Join(only, ","), "--procs", partWorkers)
	}
	cmd := exec.CommandContext(ctx, l.assay, args...)
	cmd.Env = append(os.Environ(), "ASSAY_PATIENCE=10s") // what never comes is often waited for here
	interruptible(cmd)
	output, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	if code := cmd.ProcessState.ExitCode(); code != report.ExitOK && code != report.ExitFailed {
		return nil, fmt.Errorf("assay run: exit %d: %s", code, bytes.TrimSpace(output))
	}
	return report.Read(filepath.Join(out, report.ReportFile))
}

// tried are the requirements to run for these names: with all their cases, so
// that a case that is not named is seen to pass, with what they need, and with
// those that every server passes.
func tried(names []string, catalogue *scenarios.Catalogue) []string {
	ids := slices.Clone(smoke)
	for _, name := range names {
		ids = append(ids, idOf(name))
	}
	for i := 0; i < len(ids); i++ { // grows with what is needed
		r, _, _ := catalogue.Find(ids[i])
		for _, need := range r.Needs {
			if id := idOf(need.ID); id != "" && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// interruptible lets a command clean up after itself when it is cancelled.
func interruptible(cmd *exec.Cmd) {
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 15 * time.Second
}
