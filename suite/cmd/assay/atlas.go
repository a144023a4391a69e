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
	"assay/suite/report"
	"assay/suite/upgrade"
	"assay/suite/upgrade/atlas"
)

type atlasCommand struct {
	sourceFlags
	Versions []string `default:">= 0.19.0" sep:"," placeholder:"V" help:"Versions to try, v0.44.0,v0.45.0, or a range of them, '>= 0.30.0 < 0.40.0' (default: all from v0.19.0 on, which the documentation cites)."`
	Whole    bool     `help:"Run the whole suite with each release, not only what has to do with a CA."`
	Out      string   `default:"assay-atlas" placeholder:"DIR" type:"path" help:"Where atlas.json and ATLAS.md go; notes.yaml there explains changes."`
}

func (c *atlasCommand) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	whole, notes, err := c.make(ctx)
	if err != nil {
		return interrupted(ctx, err)
	}
	if err := store(whole, c.Out, notes); err != nil {
		return err
	}
	return exit(whole.Exit())
}

// make tries the versions. What can be wrong with the directory of the atlas is
// found out before.
func (c *atlasCommand) make(ctx context.Context) (*atlas.Atlas, map[string][]atlas.Note, error) {
	offered, err := upgrade.Versions(ctx)
	if err != nil {
		return nil, nil, err
	}
	notes, err := readNotes(c.Out, func(v string) bool { return slices.Contains(offered, v) })
	if err != nil {
		return nil, nil, err
	}
	versions, err := c.versions(offered)
	if err != nil {
		return nil, nil, err
	}
	shop, err := c.workshop(ctx)
	if err != nil {
		return nil, nil, err
	}
	releases, err := upgrade.Releases(ctx, versions)
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintf(os.Stderr, "%d versions, %d of them with code of their own\n", len(versions), len(releases))
	// Nothing of the runs is kept but what the atlas says of them: a newest
	// release that fails is named with the command that repeats it.
	reports, err := os.MkdirTemp("", "assay-atlas-")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(reports)
	o := c.options()
	o.Out = reports
	whole, err := c.try(ctx, shop, releases, o)
	return whole, notes, err
}

// atOnce is how many releases are tried at a time: while one waits for what its
// version never does, the other keeps the processors busy.
const atOnce = 2

// try runs the suite against each release. The newest comes first and alone: it
// shows what the others need not be tried with. One of the others that cannot
// be tried is entered as that.
func (c *atlasCommand) try(ctx context.Context, shop *upgrade.Workshop, releases []upgrade.Release, o suite.Options) (*atlas.Atlas, error) {
	newest := len(releases) - 1
	reports, failures := make([]*report.Report, len(releases)), make([]string, len(releases))
	var err error
	if reports[newest], err = tried(ctx, shop, releases[newest].Newest(), o); err != nil {
		return nil, err
	}
	tellFailures(reports[newest])
	if !c.Whole {
		o.Only = affected(reports[newest])
	}
	all, within := errgroup.WithContext(ctx)
	all.SetLimit(atOnce)
	for i, release := range slices.Backward(releases[:newest]) {
		all.Go(func() (err error) {
			if within.Err() != nil {
				return within.Err()
			}
			reports[i], err = tried(within, shop, release.Newest(), o)
			switch {
			case err == nil:
			case stopped(within, err):
				return err
			default:
				failures[i] = upgrade.Reason(err)
				fmt.Fprintf(os.Stderr, "%-8s could not be tried: %v\n", release.Newest(), err)
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		return nil, err
	}
	whole := atlas.New(upgrade.Module, reports[newest])
	for i, release := range slices.Backward(releases) {
		entry := atlas.Release{Versions: release.Versions, Tried: release.Newest(), Sources: release.Sources, Failure: failures[i]}
		switch {
		case reports[i] != nil:
			entry.Exit = reports[i].Exit
		default:
			entry.Exit = report.ExitTrouble
		}
		whole.Add(entry, reports[i])
	}
	return whole, nil
}

// tellFailures names what makes a run fail, with the commands that repeat it:
// its report is not kept.
func tellFailures(r *report.Report) {
	for i := range r.Results {
		x := &r.Results[i]
		if !x.Fails(r.Strict) {
			continue
		}
		fmt.Fprintf(os.Stderr, "  %s %s: %s\n", x.ID, x.Status, x.Reason)
		if x.Evidence != nil {
			fmt.Fprintf(os.Stderr, "    %s\n", x.Evidence.Repeat)
		}
	}
}

// store explains and writes an atlas.
func store(whole *atlas.Atlas, dir string, notes map[string][]atlas.Note) error {
	if notes != nil {
		whole.Annotate(notes)
	}
	if err := whole.Write(dir); err != nil {
		return err
	}
	fmt.Printf("%s and %s written\n", filepath.Join(dir, atlas.MarkdownFile), filepath.Join(dir, atlas.JSONFile))
	return nil
}

// readNotes takes the explanations that lie in the directory of an atlas, which
// is made if need be; nil if there are none.
func readNotes(dir string, version func(string) bool) (map[string][]atlas.Note, error) {
	catalogue, err := scenarios.Load()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	notes, err := atlas.ReadNotes(filepath.Join(dir, atlas.NotesFile), atlas.Known{Version: version, ID: catalogue.Knows})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return notes, err
}

// affected are the requirements that reach the packages that are compared: a CA
// was there, or the renewal schedule was asked for. What did not hold or was
// skipped is not known. For the others the newest release stands for all.
func affected(r *report.Report) []string {
	var ids []string
	for i := range r.Results {
		x := &r.Results[i]
		schedule := func(o report.Observation) bool { return o.Kind == "schedule" }
		if x.UsedCA || x.Broken() || x.Status == report.Skipped && !x.LeftOut || slices.ContainsFunc(x.Observations, schedule) {
			ids = append(ids, x.ID)
		}
	}
	return ids
}

// versions are those that --versions selects of the releases on offer.
func (c *atlasCommand) versions(offered []string) ([]string, error) {
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
	return slices.DeleteFunc(slices.Clone(offered), func(v string) bool { return !slices.Contains(selected, v) }), nil
}
