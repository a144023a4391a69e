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
var smoke = []string{"CFG-01", "BYO-01", "BYO-10", "CHAIN-02", "ACME-01", "HTTP01-02", "ALPN01-01", "AUTOCERT-02"}

// atOnce is how many mutants are tried at a time.
const atOnce = 2

// laboratory is where mutants are built and tried.
type laboratory struct {
	root  string          // the module
	dir   string          // everything temporary
	world string          // the option of assay run
	whole map[string]bool // mutants that the whole suite is run against
	assay string          // the suite's executable
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
// is one that concerns them all; an interruption is one.
func (l *laboratory) tryAll(ctx context.Context, selected []*mutants.Mutant) ([]trial, error) {
	if err := l.buildAssay(ctx); err != nil {
		return nil, err
	}
	trials := make([]trial, len(selected))
	var done atomic.Int32
	var all errgroup.Group
	all.SetLimit(atOnce)
	for i, m := range selected {
		all.Go(func() error {
			if ctx.Err() != nil {
				return nil
			}
			trials[i] = l.try(ctx, m)
			if ctx.Err() == nil {
				fmt.Fprintf(os.Stderr, "[%d/%d] %-8s %s (%.1f s)\n", done.Add(1), len(selected), trials[i].word(), m.Name, trials[i].took.Seconds())
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, errors.New("interrupted")
	}
	return trials, nil
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
	r, err := l.report(ctx, m, t.whole)
	if err == nil {
		t.verdict, err = judge(m, r)
	}
	t.err, t.took = err, time.Since(started)
	return t
}

func (l *laboratory) report(ctx context.Context, m *mutants.Mutant, whole bool) (*report.Report, error) {
	dir := filepath.Join(l.dir, m.Name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	server, err := mutants.Build(ctx, l.root, m, dir)
	if err != nil {
		return nil, err
	}
	out := filepath.Join(dir, "report")
	args := []string{"run", "--bin", server, "--out", out, "--world", l.world, "--quiet", "--strict"}
	if !whole {
		catalogue, err := scenarios.Load()
		if err != nil {
			return nil, err
		}
		args = append(args, "--only", strings.Join(tried(m, catalogue), ","))
	}
	cmd := exec.CommandContext(ctx, l.assay, args...)
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

// tried are the requirements to run: with all their cases, so that a case
// that the mutant does not name is seen to pass, and with what they need.
func tried(m *mutants.Mutant, catalogue *scenarios.Catalogue) []string {
	ids := slices.Clone(smoke)
	for _, name := range named(m) {
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
