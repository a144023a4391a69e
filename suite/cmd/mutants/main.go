// Command mutants checks that the suite's specs fail when they should, and only
// then.
//
// By default it tests the specs against known-bad servers (fixtures/mutants).
// For each server it runs the requirements that the server's file names, and a
// few cheap ones that the server has to pass. Against a sample of the servers it
// runs the whole suite. A server is caught if every requirement under "fails"
// fails for the stated reason, and nothing fails that its file does not list.
//
// With --variants it tests the specs against correct servers that differ from
// the reference server (fixtures/variants). For each server it runs the
// requirements that the difference touches. A server is clear if nothing fails.
//
// With --instruments it tests the suite's own tests and controls against known-bad
// instruments (fixtures/instruments): the suite, or its CA, with one mistake. For each
// it runs what its file names: a unit test, a requirement of the reference server, or a
// known-bad server. An instrument is caught if the test or the requirement fails, or the
// server does not, for the stated reason.
//
// With --explore it leads the known-bad servers through the random walks of assay explore,
// until the first find, for five minutes at most, and prints which of them are found without
// a requirement, in which walk and after how long. None has to be. With --variants beside, it
// leads the variants through walks. A find in one of them is an accusation.
//
// The exit code is 0 if everything known-bad is caught and every variant is clear, 1
// if one is not, and 2 if one could not be tested.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"assay/fixtures/mutants"
	"assay/fixtures/overlay"
	"assay/scenarios"
	"assay/suite/internal/command"
)

// Exit codes.
const (
	exitOK      = 0
	exitWrong   = 1 // a known-bad server was not caught, or a variant is not clear
	exitTrouble = 2 // a server could not be tested
)

const description = `Run the suite against known-bad servers, each of which has to fail the
requirements that its file lists and no others. With --variants, run it against correct servers,
which have to fail nothing. With --instruments, run tests of the suite with faults put into the
suite itself, each of which has to be noticed.`

type options struct {
	Names    []string `arg:"" optional:"" placeholder:"NAME" help:"Names or globs of mutants and variants, or of instruments (default: all mutants)."`
	Variants bool     `help:"Test variants only."`

	Instruments bool `help:"Test known-bad instruments only."`

	Explore bool `help:"Lead mutants through random walks, and tell which of them are found so; with --variants, lead those, which must not be."`
	Walks   int  `default:"60" placeholder:"N" help:"With --explore, how many walks each of them takes at most (default: 60)."`

	Sample int    `placeholder:"N" help:"Test only N mutants, or N instruments. The choice is the same in every run."`
	Whole  int    `default:"10" placeholder:"N" help:"Run the whole suite against N of the mutants (default: 10). The choice is the same in every run."`
	All    bool   `help:"Run the whole suite against every server that is tested."`
	Out    string `placeholder:"DIR" help:"Keep the report of each server in a directory of its name below DIR."`
	World  string `default:"auto" enum:"auto,namespace,loopback" help:"Where the servers run: auto, namespace or loopback."`
}

func main() {
	var o options
	command.Main("mutants", description, &o, func(ctx context.Context) (exit int, err error) {
		return run(ctx, o)
	})
}

// run tests the servers that the options select and prints the results.
func run(ctx context.Context, o options) (exit int, err error) {
	started := time.Now()
	root, err := overlay.Root(mutants.Dir)
	if err != nil {
		return exitTrouble, err
	}
	catalogue, err := scenarios.Load()
	if err != nil {
		return exitTrouble, err
	}
	if o.Instruments {
		return runInstruments(ctx, o, root, catalogue)
	}
	all, err := loadServers(root, catalogue)
	if err != nil {
		return exitTrouble, err
	}
	switch {
	case o.Sample > 0:
		all = all.sample(o.Sample)
	case o.Variants:
		all.mutants = nil
	case len(o.Names) == 0:
		all.variants = nil
	}
	selected, err := all.pick(o.Names)
	if err != nil {
		return exitTrouble, err
	}
	dir, err := os.MkdirTemp("", "assay-mutants-")
	if err != nil {
		return exitTrouble, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	r := &runner{
		root: root, dir: dir, world: o.World, whole: all.whole(o), out: o.Out, catalogue: catalogue,
	}
	if err := r.buildAssay(ctx); err != nil {
		return exitTrouble, err
	}
	switch {
	case o.Explore && o.Variants:
		return r.exploreVariants(ctx, o, selected.variants)
	case o.Explore:
		return r.exploreMutants(ctx, o, selected.mutants)
	}
	fmt.Fprintf(os.Stderr, "testing %d mutants and %d variants, %d at a time\n",
		len(selected.mutants), len(selected.variants), atOnce)
	tested, err := r.testMutants(ctx, selected.mutants)
	if err != nil {
		return exitTrouble, err
	}
	testedVariants, err := r.testVariants(ctx, selected.variants)
	if err != nil {
		return exitTrouble, err
	}
	if len(testedVariants) > 0 {
		exit = printVariants(os.Stdout, testedVariants)
	}
	if len(tested) > 0 {
		exit = max(exit, printMutants(os.Stdout, tested, time.Since(started)))
	}
	return exit, nil
}

// runInstruments tests the instruments that the options select and prints the results.
func runInstruments(
	ctx context.Context, o options, root string, catalogue *scenarios.Catalogue,
) (exit int, err error) {
	started := time.Now()
	selected, err := loadInstruments(root, catalogue, o)
	if err != nil {
		return exitTrouble, err
	}
	dir, err := os.MkdirTemp("", "assay-instruments-")
	if err != nil {
		return exitTrouble, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fmt.Fprintf(os.Stderr, "testing %d instruments, %d at a time\n", len(selected), atOnce)
	r := &runner{root: root, dir: dir, world: o.World, catalogue: catalogue}
	tested, err := r.testInstruments(ctx, selected)
	if err != nil {
		return exitTrouble, err
	}
	return printInstruments(os.Stdout, tested, time.Since(started)), nil
}
