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

	"assay/suite"
	"assay/suite/internal/sut"
	"assay/suite/report"
	"assay/suite/upgrade"
)

type upgradeCommand struct {
	sourceFlags
	From   string   `required:"" placeholder:"V" help:"Version of golang.org/x/crypto to begin with: v0.57.0, or any query of the go command."`
	To     string   `required:"" placeholder:"V" help:"Version to compare it with."`
	Only   []string `placeholder:"GLOB" sep:"," help:"Run only these requirements."`
	Out    string   `default:"assay-upgrade" placeholder:"DIR" type:"path" help:"Where the two reports go."`
	Format string   `default:"text" enum:"text,markdown,json" help:"text, markdown or json."`
	Strict bool     `help:"Exit with 1 if anything differs, not only if a MUST got worse."`
}

// sourceFlags name a server that can be built, and how it is run.
type sourceFlags struct {
	Source   string   `default:"." placeholder:"DIR" type:"path" help:"The server's source tree, a Go module (default: the working directory)."`
	Package  string   `placeholder:"./cmd/x" help:"The server's command in it (default: the reference server's)."`
	Schedule string   `placeholder:"./cmd/y" help:"The target's schedule command in it."`
	Target   string   `default:"reference" placeholder:"FILE|NAME" help:"Target file, or the name of a built-in target."`
	Env      []string `placeholder:"K=V" sep:"none" help:"A further environment variable of the target."`
	Cache    string   `placeholder:"DIR" help:"Where what is built is kept (default: the user's cache directory)."`
	World    string   `default:"auto" enum:"auto,namespace,loopback" help:"Where targets run: auto, namespace or loopback."`
}

func (c *upgradeCommand) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	reports, err := c.try(ctx)
	if err != nil {
		return interrupted(ctx, err)
	}
	d := report.Compare(reports[0], reports[1])
	if err := printDiff(d, c.Format); err != nil {
		return err
	}
	return exit(d.Exit(c.Strict))
}

// try runs the suite against both versions.
func (c *upgradeCommand) try(ctx context.Context) ([]*report.Report, error) {
	shop, err := c.workshop(ctx)
	if err != nil {
		return nil, err
	}
	versions := []string{c.From, c.To}
	for i, query := range versions {
		if versions[i], err = shop.Resolve(ctx, query); err != nil {
			return nil, err
		}
	}
	var reports []*report.Report
	for _, version := range versions {
		o := c.options()
		o.Only, o.Out = c.Only, c.Out
		r, err := tried(ctx, shop, version, o)
		if err != nil {
			return nil, err
		}
		reports = append(reports, r)
	}
	return reports, nil
}

// tried runs the suite against one version, and tells on standard error what
// came of it. The report comes with the error, if there is one.
func tried(ctx context.Context, shop *upgrade.Workshop, version string, o suite.Options) (*report.Report, error) {
	begun := time.Now()
	server, err := shop.Build(ctx, version)
	if err != nil {
		return nil, err
	}
	built := time.Now()
	r, err := upgrade.Try(ctx, version, server, o)
	if err != nil {
		o.Bin = server
		return r, fmt.Errorf("%w\nto repeat it: %s", err, o.Command())
	}
	fmt.Fprintf(os.Stderr, "%-8s built in %.1f s, run in %.1f s: %d passed, %d failed, %d observed\n", version,
		built.Sub(begun).Seconds(), time.Since(built).Seconds(),
		r.Summary.Total(report.Passed), r.Summary.Total(report.Failed), r.Summary.Total(report.Observed))
	return r, nil
}

// interrupted makes of a failure that came from a signal the code for it.
func interrupted(ctx context.Context, err error) error {
	if stopped(ctx, err) {
		return exit(report.ExitInterrupted)
	}
	return err
}

func stopped(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, upgrade.ErrInterrupted)
}

func (c *sourceFlags) options() suite.Options {
	return suite.Options{Target: c.Target, Env: c.Env, World: c.World}
}

// workshop is where the server is built. Only the reference has a command that
// needs no naming.
func (c *sourceFlags) workshop(ctx context.Context) (*upgrade.Workshop, error) {
	source := upgrade.Source{Dir: c.Source, Package: c.Package, Schedule: c.Schedule}
	if c.Package == "" {
		if c.Target != "reference" {
			return nil, fmt.Errorf("--package: expected the server's command below %s, for the target %s", c.Source, c.Target)
		}
		if c.Schedule != "" {
			return nil, fmt.Errorf("--schedule: found %s without --package, which it goes with", c.Schedule)
		}
		source = upgrade.Reference(c.Source)
	}
	if c.Schedule != "" {
		t, err := sut.Load(c.Target, nil)
		if err != nil {
			return nil, err
		}
		switch {
		case len(t.Schedule) == 0:
			return nil, fmt.Errorf("--schedule: the target file of %s names no schedule command", t.Name)
		case t.Schedule[0] == t.Command[0]:
			return nil, fmt.Errorf("--schedule: the schedule command of %s is the server itself, which is built anyway", t.Name)
		}
		source.ScheduleName = filepath.Base(t.Schedule[0])
	}
	return upgrade.NewWorkshop(ctx, source, c.Cache)
}
