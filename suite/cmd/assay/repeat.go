package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"assay/scenarios"
	"assay/suite"
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
