package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"assay/pebble/presets"
	"assay/scenarios"
	"assay/suite"
	"assay/suite/internal/rehearsal"
	"assay/suite/internal/render"
	"assay/suite/internal/selection"
	"assay/suite/report"
	"assay/suite/report/words"
)

// execute runs the suite once, or as often as --repeat and --until-failure ask. It
// returns the report of the first run that failed, or else of the last run, with the
// highest exit code of all runs. The report in --out is of the same run.
func (c *runCommand) execute(o suite.Options, show *show, log io.Writer) (*report.Report, error) {
	switch {
	case c.Repeat < 0:
		return nil, fmt.Errorf("--repeat: found %d, expected a number above 0", c.Repeat)
	case c.Repeat == 0 && !c.UntilFails:
		return show.execute(context.Background(), o, log)
	}
	discarded, err := os.MkdirTemp("", "assay-repeat-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(discarded)
	var kept *report.Report
	worst := report.ExitOK
	for n := 1; c.Repeat == 0 || n <= c.Repeat; n++ {
		r, err := show.execute(context.Background(), o, log)
		if err != nil {
			return nil, err
		}
		c.say("run %d%s: %s", n, c.of(), render.Closing(r))
		if kept == nil || kept.Exit == report.ExitOK {
			kept = r
		}
		worst = max(worst, r.Exit) // interrupted is above trouble, and trouble above failed
		if r.Exit != report.ExitOK {
			o.Out, show.discards = discarded, true // the report that failed stays
		}
		if r.Interrupted || c.UntilFails && r.Exit != report.ExitOK {
			break
		}
	}
	kept.Exit = worst
	return kept, nil
}

// everyCA is the value of --ca that stands for each preset.
const everyCA = "all"

// rehearse runs the requirements that use the CA with each preset, one after the other,
// and shows what came of them side by side. The report with a preset is in the directory
// of its name in --out. The exit code is the worst of the runs.
func (c *runCommand) rehearse() error {
	catalogue, err := scenarios.Load()
	if err != nil {
		return err
	}
	resume := func() {}
	if c.GitHub {
		resume = sync.OnceFunc(stopCommands(os.Stdout))
		defer resume()
	}
	var trials []rehearsal.Trial
	for _, p := range presets.All() {
		r, err := c.withCA(p, catalogue)
		if err != nil {
			return err
		}
		trials = append(trials, rehearsal.Trial{CA: p.Name, Report: r})
		if t := r.Tally(); t.Skipped+t.LeftOut+t.NotClaimed == len(r.Results) && r.Exit == report.ExitOK {
			return fmt.Errorf("--ca %s: found nothing to try, expected a target that claims acme", everyCA)
		}
		if r.Interrupted {
			break
		}
	}
	wanted := len(presets.All())
	switch worst := rehearsal.Exit(trials); {
	case !c.Quiet:
		fmt.Println()
		err = rehearsal.Write(os.Stdout, trials, wanted)
	case worst != report.ExitOK:
		fmt.Fprintln(os.Stderr, rehearsal.Verdict(trials, wanted))
	}
	resume()
	for _, t := range trials {
		if c.GitHub {
			err = errors.Join(err, annotateJob(t.Report))
		}
	}
	if err != nil {
		return err
	}
	return exit(rehearsal.Exit(trials))
}

// withCA runs the requirements that use the CA, or those that the flags select, with one
// preset.
func (c *runCommand) withCA(
	p presets.Preset, catalogue *scenarios.Catalogue,
) (*report.Report, error) {
	one := *c
	one.CA, one.Out = p.Name, filepath.Join(c.Out, p.Name)
	c.say("\nCA %s: %s", p.Name, p.Title)
	o, err := one.options()
	if err != nil {
		return nil, err
	}
	if len(o.Only) == 0 {
		o.Only = selection.UsesCA(catalogue)
	}
	var log bytes.Buffer
	r, err := one.execute(o, newShow(c.Quiet, one.Out), &log)
	if err != nil {
		return nil, err
	}
	if stored := one.storeLog(r, log.Bytes()); stored != "" {
		c.say("%s", stored)
	}
	c.say("%s: %s", p.Name, render.Closing(r))
	return r, nil
}

// of says how many runs there are at most.
func (c *runCommand) of() string {
	if c.Repeat == 0 {
		return ""
	}
	return fmt.Sprintf(" of %d", c.Repeat)
}

// lastFailed returns what failed in the report in --out, as values for --only. It is
// nil, which means everything, if nothing failed or if there is no report.
func (c *runCommand) lastFailed() ([]string, error) {
	name := filepath.Join(c.Out, report.ReportFile)
	r, err := report.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		c.say("--last-failed: there is no %s, so everything is run", words.RelativePath(name))
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("--last-failed: %w", err)
	}
	catalogue, err := scenarios.Load()
	if err != nil {
		return nil, err
	}
	names := selection.LastFailed(r, catalogue)
	if len(names) == 0 {
		c.say("--last-failed: nothing failed in %s, so everything is run", words.RelativePath(name))
	}
	return names, nil
}
