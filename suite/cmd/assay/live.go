package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"assay/suite/internal/live"
	"assay/suite/internal/selection"
	"assay/suite/report"
	"assay/suite/report/words"
)

// liveCommand takes one server through time.
type liveCommand struct {
	targetFlags

	For      live.Span     `name:"for" default:"730d" placeholder:"TIME" help:"How much time passes, such as 730d or 12h (default: 730d)."`
	CA       string        `name:"ca" placeholder:"PRESET" help:"The CA that the local one stands in for: ${cas} (default: letsencrypt)."`
	Lifetime live.Span     `placeholder:"TIME" help:"Lifetime of the certificates that the CA issues, such as 45d (default: that of --ca)."`
	Step     live.Span     `default:"12h" placeholder:"TIME" help:"How often a client comes by (default: 12h)."`
	Outage   []live.Outage `placeholder:"FROM+TIME" help:"When the CA cannot be reached, such as 100d+10d. May be repeated."`
	World    string        `default:"auto" enum:"auto,namespace,loopback" placeholder:"KIND" help:"World of the target: auto, namespace or loopback."`
	JSON     bool          `name:"json" help:"Print the life as JSON, and nothing else."`
}

func (c *liveCommand) Run() error {
	say := func(format string, args ...any) { fmt.Printf(format+"\n", args...) }
	if c.JSON {
		say = func(string, ...any) {}
	}
	if _, err := selection.CA(cmp.Or(c.CA, live.DefaultCA)); err != nil {
		return err
	}
	bin, err := c.executable(say)
	if err != nil {
		return err
	}
	life, err := live.Run(context.Background(), live.Options{
		Target: c.Target, Bin: bin, Env: c.Env, World: c.World,
		CA: c.CA, For: c.For, Lifetime: c.Lifetime, Step: c.Step, Outages: c.Outage,
	}, func(e live.Event) { say("%s", words.Printable(e.Line())) })
	switch {
	case errors.Is(err, live.ErrInterrupted):
		return exit(report.ExitInterrupted)
	case err != nil:
		return err
	}
	if c.JSON {
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(life); err != nil {
			return err
		}
		return exit(life.Exit)
	}
	for _, line := range life.Summary() {
		say("%s", words.Printable(line))
	}
	return exit(life.Exit)
}
