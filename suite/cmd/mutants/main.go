// Command mutants proves that the specs can fail: it builds every known-bad
// server (fixtures/mutants) and runs against it the requirements that name it,
// those that it is said to break besides, and a handful that it must pass.
// Against a sample of the servers it runs the whole suite.
//
// It exits with 0 if each server fails what names it, for the stated reason,
// and nothing else; with 1 if one does not; with 2 on errors.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path"
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
	Names []string `arg:"" optional:"" placeholder:"NAME" help:"Names or globs of mutants (default: all)."`
	Whole int      `default:"10" placeholder:"N" help:"Run the whole suite against N of all mutants, always the same ones (default: 10)."`
	All   bool     `help:"Run the whole suite against every mutant."`
	World string   `default:"auto" enum:"auto,namespace,loopback" help:"Where the servers run: auto, namespace or loopback."`
}

func main() {
	var o options
	parser := kong.Must(&o,
		kong.Name("mutants"),
		kong.Description("Build the known-bad servers and see whether the suite catches each for what is wrong with it."),
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

// run tries the mutants that the options select and prints what came of it.
func run(ctx context.Context, o options) (exit int, err error) {
	started := time.Now()
	root, err := moduleRoot()
	if err != nil {
		return exitTrouble, err
	}
	all, err := mutants.Load(os.DirFS(root))
	if err != nil {
		return exitTrouble, err
	}
	catalogue, err := scenarios.Load()
	if err != nil {
		return exitTrouble, err
	}
	if err := checkNames(all, catalogue); err != nil {
		return exitTrouble, err
	}
	selected, err := pick(all, o.Names)
	if err != nil {
		return exitTrouble, err
	}
	if o.All {
		o.Whole = len(all)
	}
	dir, err := os.MkdirTemp("", "assay-mutants-")
	if err != nil {
		return exitTrouble, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	l := &laboratory{root: root, dir: dir, world: o.World, whole: sample(all, o.Whole)}
	trials, err := l.tryAll(ctx, selected)
	if err != nil {
		return exitTrouble, err
	}
	return printTrials(os.Stdout, trials, time.Since(started)), nil
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

// pick returns the mutants whose names match one of the globs; all if there
// are none. A glob that matches nothing is a mistake.
func pick(all []*mutants.Mutant, globs []string) ([]*mutants.Mutant, error) {
	if len(globs) == 0 {
		return all, nil
	}
	wanted := map[string]bool{}
	for _, glob := range globs {
		found := false
		for _, m := range all {
			ok, err := path.Match(glob, m.Name)
			if err != nil {
				return nil, fmt.Errorf("%q is no glob: %w", glob, err)
			}
			if ok {
				wanted[m.Name], found = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("no mutant is named %q; see %s", glob, mutants.Dir)
		}
	}
	var picked []*mutants.Mutant
	for _, m := range all {
		if wanted[m.Name] {
			picked = append(picked, m)
		}
	}
	return picked, nil
}
