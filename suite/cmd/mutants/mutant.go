package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"assay/fixtures/mutants"
	"assay/fixtures/overlay"
	"assay/suite/report"
)

// A testedMutant is a mutant and the result of the suite against it.
type testedMutant struct {
	mutant  *mutants.Mutant
	whole   bool // the whole suite was run
	took    time.Duration
	verdict verdict
	err     error // why the mutant could not be tested
}

// result returns the result in one word.
func (t testedMutant) result() string {
	switch {
	case t.err != nil:
		return "error"
	case t.verdict.outcome == wrong:
		return "wrong"
	}
	return string(t.verdict.outcome)
}

// testMutants tests mutants and reports progress on standard error. Its error is
// an interruption.
func (r *runner) testMutants(
	ctx context.Context, selected []*mutants.Mutant,
) ([]testedMutant, error) {
	tested := make([]testedMutant, len(selected))
	err := forEach(ctx, len(selected), func(i int) string {
		tested[i] = r.testMutant(ctx, selected[i])
		t := tested[i]
		return progress(t.result(), t.mutant.Name, t.took, t.verdict.remarks, t.err)
	})
	return tested, err
}

// testMutant builds a mutant, runs the suite against it and judges the report.
func (r *runner) testMutant(ctx context.Context, m *mutants.Mutant) testedMutant {
	started := time.Now()
	t := testedMutant{mutant: m, whole: r.whole[m.Name]}
	var only []string
	if !t.whole {
		// Globs cover most of a chapter. Only runs of the whole suite check them.
		exact := slices.DeleteFunc(named(m), func(name string) bool {
			return strings.Contains(name, "*")
		})
		only = requirementsFor(slices.Concat(exact, m.Clear), r.catalogue)
	}
	prepare := func(dir string) ([]string, error) { return r.buildMutant(ctx, m, dir) }
	with := func(dir string) ([]string, error) {
		options, err := prepare(dir)
		if m.CA != "" {
			options = append(options, "--ca", m.CA)
		}
		return options, err
	}
	report, err := r.run(ctx, m.Name, only, with)
	if err == nil {
		t.verdict, err = judge(m, report)
	}
	if err == nil && m.CA != "" {
		if report, err = r.run(ctx, m.Name+"-with-the-default-ca", only, prepare); err == nil {
			err = passesWithout(m, report)
		}
	}
	t.err, t.took = err, time.Since(started)
	return t
}

// buildMutant builds a mutant below a directory, and returns the options that name its
// executable, and its target file if it has one of its own.
func (r *runner) buildMutant(
	ctx context.Context, m *mutants.Mutant, dir string,
) (options []string, err error) {
	server, err := overlay.Build(ctx, r.root, m.Server, dir)
	options = []string{"--bin", server}
	if err == nil && m.Target != nil {
		target := filepath.Join(dir, "target.yaml")
		options = append(options, "--target", target)
		err = os.WriteFile(target, m.Target, 0o644)
	}
	return options, err
}

// passesWithout returns an error if a mutant that has to fail with one CA fails with the
// default one too.
func passesWithout(m *mutants.Mutant, r *report.Report) error {
	for _, name := range m.Fails {
		for i := range r.Results {
			if x := &r.Results[i]; x.ID == idOf(name) && x.Status == report.Failed {
				return fmt.Errorf("%s fails with the default CA too, expected it to fail with %s alone: %s",
					x.ID, m.CA, x.Reason)
			}
		}
	}
	return nil
}
