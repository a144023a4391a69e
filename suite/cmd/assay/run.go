package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"assay/suite"
	"assay/suite/internal/output"
	"assay/suite/internal/render"
	"assay/suite/report"
	"assay/suite/report/words"
)

type runCommand struct {
	targetFlags
	Only       []string      `placeholder:"GLOB" sep:"," xor:"only" env:"ASSAY_ONLY" help:"Run only these requirements: HTTP01-*, BYO-02/dot-dot, in upper or lower case."`
	Skip       []string      `placeholder:"GLOB" sep:"," env:"ASSAY_SKIP" help:"Leave these requirements out."`
	Profile    []string      `placeholder:"P" sep:"," env:"ASSAY_PROFILE" help:"Run only these profiles of those that the target claims."`
	LastFailed bool          `xor:"only" env:"ASSAY_LAST_FAILED" help:"Run only what failed in the report in --out, or everything if nothing did."`
	Shard      string        `placeholder:"I/N" env:"ASSAY_SHARD" help:"Run one of N parts of the selection. assay report joins the reports."`
	FailFast   bool          `env:"ASSAY_FAIL_FAST" help:"End the run at the first failure that fails it, and keep the verdicts until then."`
	Timeout    time.Duration `placeholder:"D" env:"ASSAY_TIMEOUT" help:"End a run after this time, such as 10m, with exit code 2, and keep the verdicts until then."`
	Repeat     int           `placeholder:"N" env:"ASSAY_REPEAT" help:"Run N times. The exit code is the worst, and the report that of the first run that fails, or of the last."`
	UntilFails bool          `name:"until-failure" env:"ASSAY_UNTIL_FAILURE" help:"Run again until a run fails, or N times with --repeat."`
	Out        string        `default:"assay-report" placeholder:"DIR" type:"path" env:"ASSAY_OUT" help:"Directory for the report."`
	World      string        `default:"auto" enum:"auto,namespace,loopback" env:"ASSAY_WORLD" help:"Where targets run: auto, namespace or loopback."`
	CA         string        `name:"ca" default:"${ca}" placeholder:"PRESET" env:"ASSAY_CA" help:"The CA that the local one stands in for: ${cas}; or all of them, one after the other: all."`
	Procs      int           `placeholder:"N" env:"ASSAY_PROCS" help:"Number of worker processes (default: eight for each CPU, at most 40)."`
	Keep       bool          `env:"ASSAY_KEEP" help:"Copy the directory of each spec into the report."`
	Strict     bool          `env:"ASSAY_STRICT" help:"Fail the run if a SHOULD fails."`
	NoProbe    bool          `env:"ASSAY_NO_PROBE" help:"Do not check first that the target starts."`
	Durations  int           `placeholder:"N" env:"ASSAY_DURATIONS" help:"Print the N requirements that took longest."`
	GitHub     bool          `name:"github" env:"ASSAY_GITHUB" help:"Annotate the job in GitHub Actions, and add the report to its summary."`
	Quiet      bool          `env:"ASSAY_QUIET" help:"Print nothing, and one line if the run fails. The report and the exit code hold the result."`
}

// Help returns what assay run --help prints above the flags.
func (*runCommand) Help() string {
	return `Exit codes:
  0    no MUST failed
  1    a MUST failed (with --strict: or a SHOULD), or a list of known failures is not true
  2    the target could not be started, Assay itself failed, --timeout was over, or the command
       line is wrong
  130  the run was interrupted

A flag that is not given is taken from the environment variable in brackets.`
}

func (c *runCommand) Run() error {
	if c.CA == everyCA {
		return c.rehearse()
	}
	o, err := c.options()
	if err != nil {
		return err
	}
	resume := func() {}
	if c.GitHub {
		resume = stopCommands(os.Stdout)
	}
	var log bytes.Buffer
	show := newShow(c.Quiet, c.Out)
	r, err := c.execute(o, show, &log)
	if err != nil {
		resume() // for the commands of the same step that follow
		return err
	}
	stored := c.storeLog(r, log.Bytes())
	if !c.Quiet {
		style := show.style()
		style.Slowest = c.Durations
		fmt.Println()
		if stored != "" {
			c.say("%s\n", stored)
		}
		if c.Keep {
			c.say("kept: the directory of each spec, in %s\n",
				words.RelativePath(filepath.Join(c.Out, "kept")))
		}
		if err := render.WriteVerdict(os.Stdout, r, style); err != nil {
			return err
		}
	}
	if c.Quiet && r.Exit != report.ExitOK {
		fmt.Fprintln(os.Stderr, inShort(r))
	}
	resume()
	if c.GitHub {
		if err := annotateJob(r); err != nil {
			return err
		}
	}
	return exit(r.Exit)
}

// onlyStarved reports whether nothing went wrong in the run itself but that the machine
// was starved at both tries of each case that is an error.
func onlyStarved(r *report.Report) bool {
	assaysOwn := func(c report.Case) bool { return c.Status == report.Error && c.TriedTwice == "" }
	return r.Error == "" && !slices.ContainsFunc(r.Results, func(x report.Result) bool {
		if len(x.Cases) == 0 {
			return x.Status == report.Error && x.TriedTwice == ""
		}
		return slices.ContainsFunc(x.Cases, assaysOwn)
	})
}

// storeLog stores the log of the specs if Assay could not finish the run, and says where.
// The log is for whoever mends Assay, and longer than a verdict. That of an earlier run is
// removed.
func (c *runCommand) storeLog(r *report.Report, log []byte) string {
	// Otherwise the log says only what was under way, or what the verdict says.
	unfinished := r.Exit == report.ExitTrouble && r.Stopped == "" && !onlyStarved(r)
	err := output.In(c.Out, func(d output.Dir) error {
		if !unfinished || len(log) == 0 {
			return d.Remove(specsLog)
		}
		return d.Replace(specsLog, log)
	})
	switch {
	case err != nil:
		return "the log of the specs: " + err.Error()
	case !unfinished || len(log) == 0:
		return ""
	}
	return "the log of the specs, for a report about Assay itself, is in " +
		words.RelativePath(filepath.Join(c.Out, specsLog))
}

// specsLog is the name of the file that [runCommand.storeLog] writes beside the report.
const specsLog = "assay-specs.log"

// options returns what the flags select.
func (c *runCommand) options() (suite.Options, error) {
	o := suite.Options{
		Target: c.Target, Bin: c.Bin, Env: c.Env,
		Only: c.Only, Skip: c.Skip, Profiles: c.Profile, Shard: c.Shard,
		Out: c.Out, World: c.World, CA: c.CA, Procs: c.Procs,
		Keep: c.Keep, Strict: c.Strict, NoProbe: c.NoProbe,
		FailFast: c.FailFast, FastFirst: c.UntilFails, Timeout: c.Timeout,
	}
	var err error
	if o.Bin, err = c.executable(c.say); err != nil {
		return o, err
	}
	if c.LastFailed {
		o.Only, err = c.lastFailed()
		if len(o.Only) > 0 {
			o.LastFailed = words.RelativePath(c.Out)
		}
	}
	return o, err
}

// say prints a line about what the command does, unless --quiet was given.
func (c *runCommand) say(format string, args ...any) {
	if !c.Quiet {
		fmt.Printf(format+"\n", args...)
	}
}

// annotateJob prints annotations for GitHub Actions, and adds the report to the file
// that GITHUB_STEP_SUMMARY names, the summary of the job.
func annotateJob(r *report.Report) error {
	if err := render.WriteAnnotations(os.Stdout, r); err != nil {
		return err
	}
	name := os.Getenv("GITHUB_STEP_SUMMARY")
	if name == "" {
		return nil
	}
	summary, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(render.WriteMarkdown(summary, r), summary.Close())
}
