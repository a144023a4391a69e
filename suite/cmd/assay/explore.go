package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"assay/suite/internal/coverage"
	"assay/suite/internal/explore"
	"assay/suite/internal/live"
	"assay/suite/report"
	"assay/suite/report/words"
)

// exploreCommand leads one server through random lives.
type exploreCommand struct {
	targetFlags

	Seed    uint64    `default:"1" placeholder:"N" help:"Number from which the walks follow (default: 1)."`
	For     live.Span `name:"for" default:"10m" placeholder:"TIME" help:"How long walks are begun, in real time (default: 10m)."`
	Walks   int       `placeholder:"N" help:"End after so many walks, if that comes first."`
	First   bool      `help:"End at the first find, and do not shorten its walk."`
	Play    string    `placeholder:"FILE" type:"existingfile" help:"Take the walk of this file alone."`
	Workers int       `default:"4" placeholder:"N" help:"Walks at a time (default: 4)."`
	World   string    `default:"auto" enum:"auto,namespace,loopback" placeholder:"KIND" help:"World of the target: auto, namespace or loopback."`
	Cover   bool      `help:"Prefer what reaches new code: the executable was built by go build -cover."`
	JSON    bool      `name:"json" help:"Print the result as JSON, and nothing else."`
}

// mostWorkers is how many walks can go on at a time.
const mostWorkers = 100

func (c *exploreCommand) Run() error {
	say := func(format string, args ...any) { fmt.Printf(format+"\n", args...) }
	if c.JSON {
		say = func(string, ...any) {}
	}
	o := explore.Options{
		Target: c.Target, Env: c.Env, World: c.World, Seed: c.Seed,
		For: time.Duration(c.For), Walks: c.Walks, Workers: c.Workers, First: c.First,
	}
	switch {
	case c.Workers < 1 || c.Workers > mostWorkers:
		return fmt.Errorf("--workers: found %d, expected 1 to %d", c.Workers, mostWorkers)
	case c.Walks < 0:
		return fmt.Errorf("--walks: found %d, expected 0 (no limit) or more", c.Walks)
	case c.Play != "":
		text, err := os.ReadFile(c.Play)
		if err != nil {
			return err
		}
		walk, err := explore.Read(c.Play, text)
		if err != nil {
			return err
		}
		o.Play, o.Workers = &walk, 1
	}
	var err error
	if c.Cover {
		if o.Covdata, err = coverage.Find(context.Background()); err != nil {
			return fmt.Errorf("--cover: %w", err)
		}
	}
	if o.Bin, err = c.executable(say); err != nil {
		return err
	}
	result, err := explore.Run(context.Background(), o, func(e explore.Event) {
		if e.Text != "" {
			say("%s", words.Printable(e.Text))
		}
		if e.Find != nil {
			for _, line := range e.Find.Lines() {
				say("%s", words.Printable(line))
			}
		}
	})
	interrupted := errors.Is(err, explore.ErrInterrupted)
	if err != nil && !interrupted {
		return err
	}
	if result == nil {
		return exit(report.ExitInterrupted)
	}
	if interrupted {
		result.Exit = report.ExitInterrupted
	}
	if c.JSON {
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(result); err != nil {
			return err
		}
		return exit(result.Exit)
	}
	for _, line := range result.Summary() {
		say("%s", words.Printable(line))
	}
	return exit(result.Exit)
}
