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
	axisFlags
	Versions []string `default:">= 0.19.0" sep:"," placeholder:"V" help:"Versions to try: v0.44.0,v0.45.0, or a range such as '>= 0.30.0 < 0.40.0' (default: all from v0.19.0 on)."`
	Whole    bool     `help:"Run the whole suite with each release or CA, not only requirements that use a CA or the renewal schedule."`
	Out      string   `default:"assay-atlas" placeholder:"DIR" type:"path" help:"Directory for atlas.json and ATLAS.md. A file notes.yaml in it explains changes."`
}

func (c *atlasCommand) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	whole, notes, err := c.make(ctx)
	if err != nil {
		return exitIfInterrupted(ctx, err)
	}
	if err := store(whole, c.Out, notes); err != nil {
		return err
	}
	return exit(whole.Exit())
}

// A trial is a release or another setting that the suite is run with.
type trial struct {
	release atlas.Release
	setting upgrade.Setting
}

// make runs the suite in all settings and returns the atlas. It first reads the
// notes, so that an error in the directory of the atlas costs no time.
func (c *atlasCommand) make(ctx context.Context) (*atlas.Atlas, map[string][]atlas.Note, error) {
	compared, settings, err := c.settings()
	if err != nil {
		return nil, nil, err
	}
	var names []string
	for _, s := range settings {
		names = append(names, s.Name)
	}
	if compared == "" {
		if names, err = upgrade.Versions(ctx); err != nil {
			return nil, nil, err
		}
	}
	notes, err := readNotes(c.Out, func(v string) bool { return slices.Contains(names, v) })
	if err != nil {
		return nil, nil, err
	}
	trials := ofSettings(settings)
	if compared == "" {
		compared = upgrade.Module
		if trials, err = c.releases(ctx, names); err != nil {
			return nil, nil, err
		}
	}
	builder, err := c.builder(ctx)
	if err != nil {
		return nil, nil, err
	}
	// The reports are not kept. For the last setting, tryAll prints the failures and
	// the commands that repeat them.
	reports, err := os.MkdirTemp("", "assay-atlas-")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(reports)
	o := c.options()
	o.Out = reports
	whole, err := c.tryAll(ctx, builder, compared, trials, o)
	return whole, notes, err
}

// releases returns the releases that --versions selects of the offered versions.
func (c *atlasCommand) releases(ctx context.Context, offered []string) (all []trial, err error) {
	versions, err := c.versions(offered)
	if err != nil {
		return nil, err
	}
	releases, err := upgrade.Releases(ctx, versions)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(os.Stderr, "%d versions, %d of them with different code\n",
		len(versions), len(releases))
	for _, r := range releases {
		all = append(all, trial{
			atlas.Release{Versions: r.Versions, Tried: r.Newest(), Sources: r.Sources},
			upgrade.WithVersion(r.Newest()),
		})
	}
	return all, nil
}

// ofSettings returns a trial for each setting.
func ofSettings(settings []upgrade.Setting) (all []trial) {
	for _, s := range settings {
		release := atlas.Release{Versions: []string{s.Name}, Tried: s.Name, Sources: s.Name}
		all = append(all, trial{release, s})
	}
	return all
}

// atOnce limits the releases that are tried at a time. One run often waits until a
// timeout, and another run can use the processors meanwhile.
const atOnce = 2

// tryAll runs the suite for each trial. The last one, such as the newest release, is run
// first, because its report shows which requirements the others need. A setting that cannot
// be tried, except for the last, is added to the atlas with the reason.
func (c *atlasCommand) tryAll(
	ctx context.Context, builder *upgrade.Builder, compared string, trials []trial, o suite.Options,
) (*atlas.Atlas, error) {
	last := len(trials) - 1
	reports, failures := make([]*report.Report, len(trials)), make([]string, len(trials))
	var err error
	reports[last], err = try(ctx, builder, trials[last].setting, o, newLine(os.Stderr))
	if err != nil {
		return nil, err
	}
	printFailures(reports[last])
	// A toolchain and its settings change TLS, which all requirements need.
	if !c.Whole && (compared == upgrade.Module || compared == upgrade.CAs) {
		o.Only = affected(reports[last])
	}
	all, within := errgroup.WithContext(ctx)
	all.SetLimit(atOnce)
	for i, t := range slices.Backward(trials[:last]) {
		all.Go(func() (err error) {
			if within.Err() != nil {
				return within.Err()
			}
			// Several runs at a time have no live line, since each has counts of its own.
			reports[i], err = try(within, builder, t.setting, o, &show{})
			if err != nil && !interrupted(within, err) {
				failures[i] = upgrade.Reason(err)
				fmt.Fprintf(os.Stderr, "%-8s could not be tried: %v\n", t.setting.Name, err)
				err = nil
			}
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return nil, err
	}
	whole := atlas.New(compared, reports[last])
	for i, t := range trials {
		t.release.Exit, t.release.Failure = report.ExitTrouble, failures[i]
		if reports[i] != nil {
			t.release.Exit = reports[i].Exit
		}
		whole.Add(t.release, reports[i])
	}
	return whole, nil
}

// printFailures prints the requirements that make a run fail, each with the command
// that repeats it, to standard error.
func printFailures(r *report.Report) {
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

// store adds notes to an atlas and writes it to a directory.
func store(whole *atlas.Atlas, dir string, notes map[string][]atlas.Note) error {
	if notes != nil {
		whole.Annotate(notes)
	}
	if err := whole.Write(dir); err != nil {
		return err
	}
	fmt.Printf("Wrote %s and %s.\n",
		filepath.Join(dir, atlas.MarkdownFile), filepath.Join(dir, atlas.JSONFile))
	return nil
}

// readNotes reads the notes in the directory of an atlas, and makes the directory if
// it does not exist. It returns nil if there are no notes. version reports whether a
// version exists.
func readNotes(dir string, version func(string) bool) (map[string][]atlas.Note, error) {
	catalogue, err := scenarios.Load()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	known := atlas.Known{Version: version, ID: catalogue.Knows}
	notes, err := atlas.ReadNotes(filepath.Join(dir, atlas.NotesFile), known)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return notes, err
}

// affected returns the IDs of the requirements that the compared packages may
// affect: those that used a CA or the renewal schedule. It includes those that did
// not hold or were skipped, because their specs ended early. All other requirements
// have the same result with every release.
func affected(r *report.Report) []string {
	var ids []string
	for i := range r.Results {
		x := &r.Results[i]
		skipped := x.Status == report.Skipped && !x.LeftOut
		usedSchedule := slices.ContainsFunc(x.Observations, func(o report.Observation) bool {
			return o.Kind == "schedule"
		})
		if x.UsedCA || usedSchedule || x.Broken() || skipped {
			ids = append(ids, x.ID)
		}
	}
	return ids
}

// versions returns the offered versions that --versions selects.
func (c *atlasCommand) versions(offered []string) ([]string, error) {
	selected := map[string]bool{}
	for _, word := range c.Versions {
		word = strings.TrimSpace(word)
		matches := func(v string) bool { return v == word }
		if strings.ContainsAny(word, "<>=") {
			set, err := scenarios.ParseRange(word)
			if err != nil {
				return nil, fmt.Errorf("--versions: found %q, expected versions or a range: %w", word, err)
			}
			matches = func(v string) bool { return set.Holds(v) == scenarios.Holds }
		}
		if !slices.ContainsFunc(offered, matches) {
			return nil, fmt.Errorf("--versions: found %q, expected releases of %s; the newest is %s",
				word, upgrade.Module, offered[len(offered)-1])
		}
		for _, v := range offered {
			selected[v] = selected[v] || matches(v)
		}
	}
	// The result has the order of offered.
	return slices.DeleteFunc(slices.Clone(offered), func(v string) bool { return !selected[v] }), nil
}
