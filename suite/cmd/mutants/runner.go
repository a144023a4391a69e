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

	"assay/fixtures/overlay"
	"assay/scenarios"
	"assay/suite/report"
)

// smoke lists cheap requirements of several chapters. They are run against every
// server, and a mutant has to pass them unless its file lists them: a server
// that breaks everything proves nothing about a single spec.
var smoke = []string{"BYO-01", "CHAIN-02", "ACME-01", "HTTP01-02", "ALPN01-01"}

const (
	// atOnce limits the servers that are tested at a time.
	atOnce = 4
	// partWorkers limits the workers of a run of a part of the suite. Each worker
	// costs its start, and the runs of other servers use the CPU meanwhile.
	partWorkers = "4"
)

// A runner builds servers and runs the suite against them.
type runner struct {
	root      string          // directory of the module
	dir       string          // directory of all temporary files
	world     string          // value of --world for assay run
	whole     map[string]bool // names of the servers that the whole suite is run against
	out       string          // directory that keeps the reports; "" keeps none
	assay     string          // path of the suite's executable
	catalogue *scenarios.Catalogue
}

// forEach calls test for 0 to n-1, at most atOnce calls at a time, and prints the
// progress that test returns to standard error. Its error is an interruption.
func forEach(ctx context.Context, n int, test func(i int) (progress string)) error {
	var done atomic.Int32
	var all errgroup.Group
	all.SetLimit(atOnce)
	for i := range n {
		all.Go(func() error {
			if ctx.Err() != nil {
				return nil
			}
			if progress := test(i); ctx.Err() == nil {
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

// progress returns the line that reports the result of one server, and a line for each
// remark, so that an interrupted run has told the reasons too.
func progress(result, name string, took time.Duration, remarks []string, err error) string {
	lines := []string{fmt.Sprintf("%-8s %s (%.1f s)", result, name, took.Seconds())}
	lines = append(lines, remarks...)
	if err != nil {
		lines = append(lines, err.Error())
	}
	return strings.Join(lines, "\n    ")
}

// buildAssay compiles the suite's executable.
func (r *runner) buildAssay(ctx context.Context) error {
	r.assay = filepath.Join(r.dir, "assay")
	if err := overlay.Compile(ctx, r.root, r.dir, r.assay, "./suite/cmd/assay"); err != nil {
		return fmt.Errorf("building assay: %w", err)
	}
	return nil
}

// run runs the suite against one server and returns the report. only selects
// requirements; without any, the whole suite is run. prepare makes the server
// below a directory and returns the options of assay run that name the server.
func (r *runner) run(
	ctx context.Context, name string, only []string, prepare func(dir string) ([]string, error),
) (*report.Report, error) {
	dir := filepath.Join(r.dir, name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	server, err := prepare(dir)
	if err != nil {
		return nil, err
	}
	out := filepath.Join(dir, "report")
	if r.out != "" {
		out = filepath.Join(r.out, name)
	}
	args := server
	if len(only) > 0 {
		args = append(args, "--only", strings.Join(only, ","), "--procs", partWorkers)
	}
	cmd := r.assayRun(ctx, r.assay, out, args...)
	output, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	if code := cmd.ProcessState.ExitCode(); code != report.ExitOK && code != report.ExitFailed {
		return nil, fmt.Errorf("assay run: exit %d, expected %d or %d: %s",
			code, report.ExitOK, report.ExitFailed, bytes.TrimSpace(output))
	}
	return report.Read(filepath.Join(out, report.ReportFile))
}

// assayRun returns a command that runs the suite with further options and stores the
// report in the directory out. assay is the suite's executable.
func (r *runner) assayRun(ctx context.Context, assay, out string, options ...string) *exec.Cmd {
	args := []string{"run", "--out", out, "--world", r.world, "--quiet", "--strict"}
	cmd := exec.CommandContext(ctx, assay, append(args, options...)...)
	// What is broken often omits what a spec waits for, so that waiting for long only
	// costs time.
	cmd.Env = append(os.Environ(), "ASSAY_PATIENCE=10s")
	// assay run cleans up after itself when it is interrupted.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 15 * time.Second
	return cmd
}

// requirementsFor returns the IDs to run for these names: the requirements
// themselves with all their cases, those that they need, and smoke. Cases that
// are not named are run too, because they have to pass.
func requirementsFor(names []string, catalogue *scenarios.Catalogue) []string {
	ids := slices.Clone(smoke)
	for _, name := range names {
		ids = append(ids, idOf(name))
	}
	for i := 0; i < len(ids); i++ { // the loop appends to ids
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
