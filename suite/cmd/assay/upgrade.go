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
	"assay/suite/report/diff"
	"assay/suite/upgrade"
)

type upgradeCommand struct {
	sourceFlags
	axisFlags
	From   string   `placeholder:"V" help:"First version of golang.org/x/crypto: v0.57.0, or any query that the go command understands."`
	To     string   `placeholder:"V" help:"Version that is compared with it."`
	Only   []string `placeholder:"GLOB" sep:"," help:"Run only these requirements."`
	Out    string   `default:"assay-upgrade" placeholder:"DIR" type:"path" help:"Directory for the two reports."`
	Format string   `default:"text" enum:"text,markdown,json" help:"text, markdown or json."`
	Strict bool     `help:"Exit with 1 if anything differs, not only if a MUST got worse."`
}

// sourceFlags holds the flags that say how a server is built and run.
type sourceFlags struct {
	Source   string   `default:"." placeholder:"DIR" type:"path" help:"Directory of the server's Go module (default: the working directory)."`
	Package  string   `placeholder:"./cmd/x" help:"Package of the server's command in the module (default: that of the reference server)."`
	Schedule string   `placeholder:"./cmd/y" help:"Package of the target's schedule command in the module."`
	Target   string   `default:"reference" placeholder:"FILE|NAME" help:"Target file, or the name of a built-in target."`
	Env      []string `placeholder:"K=V" sep:"none" help:"Environment variable for the target, in addition to those of its file."`
	Cache    string   `placeholder:"DIR" help:"Directory for executables that are built (default: the user's cache directory)."`
	World    string   `default:"auto" enum:"auto,namespace,loopback" help:"Where targets run: auto, namespace or loopback."`
}

// axisFlags says what is compared in place of versions of golang.org/x/crypto.
type axisFlags struct {
	Go      []string `placeholder:"V" sep:"," help:"Compare Go toolchains instead: go1.26.0,go1.27.1."`
	GODEBUG []string `name:"godebug" placeholder:"K=V" sep:"none" help:"Compare values of the target's GODEBUG with none instead: tlsmlkem=0. May be repeated."`
	CA      []string `name:"ca" placeholder:"PRESET" sep:"," help:"Compare CAs instead: letsencrypt,letsencrypt@2028-02-16, or all."`
}

func (f axisFlags) settings() (compared string, all []upgrade.Setting, err error) {
	return upgrade.Axis{Go: f.Go, GODEBUG: f.GODEBUG, CA: f.CA}.Settings()
}

func (c *upgradeCommand) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	reports, err := c.tryBoth(ctx)
	if err != nil {
		return exitIfInterrupted(ctx, err)
	}
	d := diff.Compare(reports[0], reports[1])
	if err := printDiff(d, c.Format); err != nil {
		return err
	}
	return exit(d.Exit(c.Strict))
}

// tryBoth runs the suite in both settings.
func (c *upgradeCommand) tryBoth(ctx context.Context) ([]*report.Report, error) {
	settings, err := c.both()
	if err != nil {
		return nil, err
	}
	builder, err := c.builder(ctx)
	if err != nil {
		return nil, err
	}
	for i, s := range settings {
		if s.Version == "" {
			continue
		}
		version, err := builder.Resolve(ctx, s.Version)
		if err != nil {
			return nil, err
		}
		settings[i] = upgrade.WithVersion(version)
	}
	var reports []*report.Report
	line := newLine(os.Stderr)
	for _, s := range settings {
		o := c.options()
		o.Only, o.Out = c.Only, c.Out
		r, err := try(ctx, builder, s, o, line)
		if err != nil {
			return nil, err
		}
		reports = append(reports, r)
	}
	return reports, nil
}

// both returns the two settings that are compared.
func (c *upgradeCommand) both() ([]upgrade.Setting, error) {
	compared, all, err := c.settings()
	switch {
	case err != nil:
		return nil, err
	case compared == "" && (c.From == "" || c.To == ""):
		return nil, errors.New("expected --from and --to, or one of --go, --godebug and --ca")
	case compared == "":
		return []upgrade.Setting{upgrade.WithVersion(c.From), upgrade.WithVersion(c.To)}, nil
	case c.From != "" || c.To != "":
		return nil, errors.New("found --from or --to beside another thing to compare, " +
			"expected one: a difference would have several possible causes")
	case len(all) != 2:
		return nil, fmt.Errorf("found %d settings of %s, expected two; assay atlas compares more",
			len(all), compared)
	}
	return all, nil
}

// try builds the server in one setting, runs the suite, and prints a summary to
// standard error. While the suite runs, it shows the live line. If the run failed, try
// returns the error and the report, if there is one.
func try(
	ctx context.Context, builder *upgrade.Builder, s upgrade.Setting, o suite.Options, line *show,
) (*report.Report, error) {
	begun := time.Now()
	server, err := builder.Build(ctx, s)
	if err != nil {
		return nil, err
	}
	built := time.Now()
	end := line.follow(&o)
	r, err := upgrade.Try(ctx, s, server, o)
	end()
	if err != nil {
		o.Bin = server
		return r, fmt.Errorf("%w\nto repeat it: %s", err, o.Command())
	}
	n := r.Tally()
	fmt.Fprintf(os.Stderr, "%-8s built in %.1f s, run in %.1f s: %d passed, %d failed, %d observed\n",
		s.Name, built.Sub(begun).Seconds(), time.Since(built).Seconds(),
		n.Passed, n.Failing, n.Observed)
	return r, nil
}

// exitIfInterrupted replaces an error by [report.ExitInterrupted] if a signal caused
// it.
func exitIfInterrupted(ctx context.Context, err error) error {
	if interrupted(ctx, err) {
		return exit(report.ExitInterrupted)
	}
	return err
}

// interrupted reports whether a signal caused an error.
func interrupted(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, upgrade.ErrInterrupted)
}

// options returns the options of a run, without the executable and the report.
func (c *sourceFlags) options() suite.Options {
	return suite.Options{Target: c.Target, Env: c.Env, World: c.World}
}

// builder returns a builder of the server. Only for the reference server the package
// of the command is known, so that --package is optional.
func (c *sourceFlags) builder(ctx context.Context) (*upgrade.Builder, error) {
	source := upgrade.Source{Dir: c.Source, Package: c.Package, Schedule: c.Schedule}
	if c.Package == "" {
		if c.Target != "reference" {
			return nil, fmt.Errorf(
				"--package: found nothing, expected the package in %s of the command of %s",
				c.Source, c.Target)
		}
		if c.Schedule != "" {
			return nil, fmt.Errorf(
				"--schedule: found %s without --package, expected both or neither", c.Schedule)
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
			return nil, fmt.Errorf("--schedule: found %s, but the target file of %s has no schedule command",
				c.Schedule, t.Name)
		case t.Schedule[0] == t.Command[0]:
			return nil, fmt.Errorf("--schedule: found %s, expected nothing: "+
				"the schedule command of %s is the server itself", c.Schedule, t.Name)
		}
		source.ScheduleName = filepath.Base(t.Schedule[0])
	}
	return upgrade.NewBuilder(ctx, source, c.Cache)
}
