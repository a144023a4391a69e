package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/term"

	"assay/suite"
	"assay/suite/report"
)

type runCommand struct {
	targetFlags
	Only    []string `placeholder:"GLOB" sep:"," help:"Run only these requirements: HTTP01-*, BYO-02/dot-dot."`
	Skip    []string `placeholder:"GLOB" sep:"," help:"Leave these requirements out."`
	Profile []string `placeholder:"P" sep:"," help:"Run only these of the profiles that the target claims."`
	Out     string   `default:"assay-report" placeholder:"DIR" type:"path" help:"Where the report goes."`
	World   string   `default:"auto" enum:"auto,namespace,loopback" help:"Where targets run: auto, namespace or loopback."`
	CA      string   `name:"ca" default:"edge" enum:"edge,stock" help:"The CA: edge, or stock for Pebble as it comes."`
	Procs   int      `placeholder:"N" help:"Worker processes (default: eight for each CPU, 40 at most)."`
	Keep    bool     `help:"Keep each spec's directory in the report, to look at by hand."`
	Strict  bool     `help:"A SHOULD that fails makes the run fail."`
	NoProbe bool     `help:"Judge without first trying whether the target starts."`
	GitHub  bool     `name:"github" help:"Annotate the job in GitHub Actions, and add the report to its summary."`
	Quiet   bool     `help:"Print nothing but errors; the report and the exit code tell."`
}

// targetFlags name the server that a command looks at.
type targetFlags struct {
	Target string   `default:"reference" placeholder:"FILE|NAME" help:"Target file, or the name of a built-in target."`
	Bin    string   `placeholder:"PATH" help:"Executable that takes the place of the target's own."`
	Env    []string `placeholder:"K=V" sep:"none" help:"A further environment variable of the target."`
}

func (c *runCommand) Run() error {
	o := suite.Options{
		Target: c.Target, Bin: c.Bin, Env: c.Env,
		Only: c.Only, Skip: c.Skip, Profiles: c.Profile,
		Out: c.Out, World: c.World, CA: c.CA, Procs: c.Procs,
		Keep: c.Keep, Strict: c.Strict, NoProbe: c.NoProbe,
	}
	var log bytes.Buffer
	r, err := suite.Execute(context.Background(), o, &log)
	if err != nil {
		return err
	}
	if !c.Quiet {
		style := report.Style{Color: term.IsTerminal(int(os.Stdout.Fd())), Dir: report.Here(c.Out)}
		if err := report.WriteVerdict(os.Stdout, r, style); err != nil {
			return err
		}
	}
	if c.GitHub {
		if err := tellGitHub(r); err != nil {
			return err
		}
	}
	if r.Exit == report.ExitTrouble {
		fmt.Fprintln(os.Stderr, "assay:", r.Error)
		os.Stderr.Write(log.Bytes())
	}
	return exit(r.Exit)
}

// tellGitHub annotates the job, and adds the report to the job's summary: the
// file that GITHUB_STEP_SUMMARY names.
func tellGitHub(r *report.Report) error {
	if err := report.WriteAnnotations(os.Stdout, r); err != nil {
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
	return errors.Join(report.WriteMarkdown(summary, r), summary.Close())
}
