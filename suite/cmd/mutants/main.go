// Command mutants proves that the specs can fail: it builds every known-bad
// server (fixtures/mutants) and runs against it the requirements that name it,
// those that it is said to break besides, chapters apart, and a handful that it
// must pass. Against a sample of the servers it runs the whole suite.
//
// With --variants it proves that the specs fail for no other reason: it builds
// every correct variant (fixtures/variants) and runs against it what its
// difference touches; none of it may fail.
//
// It exits with 0 if each known-bad server fails what names it, for the stated
// reason, and nothing else, and no variant fails anything; with 1 if one does
// otherwise; with 2 on errors.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"assay/fixtures/mutants"
	"assay/scenarios"
)

// Exit codes.
const (
	exitCaught  = 0
	exitMissed  = 1
	exitTrouble = 2
)

type options struct {
	Names    []string `arg:"" optional:"" placeholder:"NAME" help:"Names or globs of mutants and variants (default: all mutants)."`
	Variants bool     `help:"Try the variants, and no mutant."`
	Sample   int      `placeholder:"N" help:"Try only N of all mutants, always the same ones, and no variant."`
	Whole    int      `default:"10" placeholder:"N" help:"Run the whole suite against N of all mutants, always the same ones (default: 10)."`
	All      bool     `help:"Run the whole suite against everything that is tried."`
	World    string   `default:"auto" enum:"auto,namespace,loopback" help:"Where the servers run: auto, namespace or loopback."`
}

func main() {
	var o options
	parser := kong.Must(&o,
		kong.Name("mutants"),
		kong.Description("Build the known-bad servers and see whether the suite catches each for what is wrong with it, and the correct variants and see that it accuses none."),
		kong.Exit(func(code int) {
			if code != 0 {
				code = exitTrouble
			}
			os.Exit(code)
		}),
	)
	_, err := parser.Parse(os.Args[1:])
	parser.FatalIfErrorf(err)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	exit, err := run(ctx, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
	}
	stop()
	os.Exit(exit)
}

// run tries the servers that the options select and prints what came of it.
func run(ctx context.Context, o options) (exit int, err error) {
	started := time.Now()
	root, err := moduleRoot()
	if err != nil {
		return exitTrouble, err
	}
	catalogue, err := scenarios.Load()
	if err != nil {
		return exitTrouble, err
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
	l := &laboratory{root: root, dir: dir, world: o.World, whole: all.whole(o), catalogue: catalogue}
	if err := l.buildAssay(ctx); err != nil {
		return exitTrouble, err
	}
	trials, err := l.tryAll(ctx, selected.mutants)
	if err != nil {
		return exitTrouble, err
	}
	defences, err := l.defendAll(ctx, selected.variants)
	if err != nil {
		return exitTrouble, err
	}
	if len(defences) > 0 {
		exit = printDefences(os.Stdout, defences)
	}
	if len(trials) > 0 {
		exit = max(exit, printTrials(os.Stdout, trials, time.Since(started)))
	}
	return exit, nil
}

// moduleRoot finds the module that this program belongs to, from the working
// directory upwards.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for at := dir; ; at = filepath.Dir(at) {
		if info, err := os.Stat(filepath.Join(at, filepath.FromSlash(mutants.Dir))); err == nil && info.IsDir() {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("no %s in %s or above it: run this inside the module", mutants.Dir, dir)
		}
	}
}
