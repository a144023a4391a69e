package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sync/errgroup"

	"assay/scenarios"
	"assay/suite"
	"assay/suite/atlas"
	"assay/suite/report"
	"assay/suite/upgrade"
)

type atlasCommand struct {
	sourceFlags
	Versions []string `default:">= 0.19.0" sep:"," placeholder:"V" help:"Versions to try, v0.44.0,v0.45.0, or a range of them, '>= 0.30.0 < 0.40.0' (default: all from v0.19.0 on, which the documentation cites)."`
	Whole    bool     `help:"Run the whole suite with each release, not only what has to do with a CA."`
	Out      string   `default:"atlas" placeholder:"DIR" type:"path" help:"Where atlas.json and ATLAS.md go; notes.yaml there explains changes."`
}

func (c *atlasCommand) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	shop, err := c.workshop(ctx)
	if err != nil {
		return err
	}
	versions, err := c.versions(ctx)
	if err != nil {
		return interrupted(ctx, err)
	}
	releases, err := upgrade.Releases(ctx, versions)
	if err != nil {
		return interrupted(ctx, err)
	}
	fmt.Fprintf(os.Stderr, "%d versions, %d of them with code of their own\n", len(versions), len(releases))
	reports, err := os.MkdirTemp("", "assay-atlas-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(reports)

	o := c.options()
	o.Out = reports
	whole, err := c.try(ctx, shop, releases, o)
	if err != nil {
		return err
	}
	if err := c.finish(whole); err != nil {
		return err
	}
	return exit(whole.Exit())
}

// atOnce is how many releases are tried at a time: while one waits for what its
// version never does, the other keeps the processors busy.
const atOnce = 2

// try runs the suite against each release. The newest comes first and alone: it
// shows what the others need not be tried with.
func (c *atlasCommand) try(ctx context.Context, shop *upgrade.Workshop, releases []upgrade.Release, o suite.Options) (*atlas.Atlas, error) {
	older, newest := releases[:len(releases)-1], releases[len(releases)-1]
	first, err := tried(ctx, shop, newest.Newest(), o)
	if err != nil {
		return nil, err
	}
	if !c.Whole {
		o.Only = affected(first)
	}
	reports := make([]*report.Report, len(older))
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(atOnce)
	for i, release := range slices.Backward(older) {
		all.Go(func() (err error) {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			reports[i], err = tried(ctx, shop, release.Newest(), o)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return nil, err
	}
	whole := atlas.New(upgrade.Module, first)
	for i, r := range slices.Backward(append(reports, first)) {
		release := releases[i]
		whole.Add(atlas.Release{Versions: release.Versions, Tried: release.Newest(), Sources: release.Sources, Exit: r.Exit}, r)
	}
	return whole, nil
}

// finish explains and stores an atlas.
func (c *atlasCommand) finish(whole *atlas.Atlas) error {
	if err := annotate(whole, c.Out); err != nil {
		return err
	}
	if err := whole.Write(c.Out); err != nil {
		return err
	}
	fmt.Printf("%s and %s written\n", filepath.Join(c.Out, atlas.MarkdownFile), filepath.Join(c.Out, atlas.JSONFile))
	return nil
}

// annotate takes the explanations that lie beside the atlas, if there are any.
func annotate(a *atlas.Atlas, dir string) error {
	notes, err := atlas.ReadNotes(filepath.Join(dir, atlas.NotesFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	a.Annotate(notes)
	return nil
}

// affected are the requirements in which something of a CA or of a renewal
// schedule was observed. The others do not reach the packages that are
// compared, so the newest release stands for all.
func affected(r *report.Report) []string {
	kinds := []string{"acme", "count", "schedule"}
	var ids []string
	for _, x := range r.Results {
		if x.Broken() || slices.ContainsFunc(x.Observations, func(o report.Observation) bool { return slices.Contains(kinds, o.Kind) }) {
			ids = append(ids, x.ID)
		}
	}
	return ids
}

// versions are those that --versions selects of the releases on offer.
func (c *atlasCommand) versions(ctx context.Context) ([]string, error) {
	offered, err := upgrade.Versions(ctx)
	if err != nil {
		return nil, err
	}
	var selected []string
	for _, word := range c.Versions {
		word = strings.TrimSpace(word)
		matches := func(v string) bool { return v == word }
		if strings.ContainsAny(word, "<>=") {
			set, err := scenarios.ParseRange(word)
			if err != nil {
				return nil, fmt.Errorf("--versions: found %q, expected versions or %w", word, err)
			}
			matches = func(v string) bool { return set.Holds(v) == scenarios.Holds }
		}
		some := false
		for _, v := range offered {
			if matches(v) {
				selected, some = append(selected, v), true
			}
		}
		if !some {
			return nil, fmt.Errorf("--versions: %q: no release of %s is so; the newest is %s", word, upgrade.Module, offered[len(offered)-1])
		}
	}
	// In the order in which they are offered, each once.
	return slices.DeleteFunc(offered, func(v string) bool { return !slices.Contains(selected, v) }), nil
}
