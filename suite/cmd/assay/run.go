package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/term"

	"assay/suite"
	"assay/suite/internal/render"
	"assay/suite/internal/words"
	"assay/suite/report"
)

type runCommand struct {
	targetFlags
	Only    []string `placeholder:"GLOB" sep:"," help:"Run only these requirements: HTTP01-*, BYO-02/dot-dot."`
	Skip    []string `placeholder:"GLOB" sep:"," help:"Leave these requirements out."`
	Profile []string `placeholder:"P" sep:"," help:"Run only these profiles of those that the target claims."`
	Out     string   `default:"assay-report" placeholder:"DIR" type:"path" help:"Directory for the report."`
	World   string   `default:"auto" enum:"auto,namespace,loopback" help:"Where targets run: auto, namespace or loopback."`
	CA      string   `name:"ca" default:"edge" enum:"edge,stock" help:"The CA: edge, or stock for Pebble without changes."`
	Procs   int      `placeholder:"N" help:"Number of worker processes (default: eight for each CPU, at most 40)."`
	Keep    bool     `help:"Copy the directory of each spec into the report."`
	Strict  bool     `help:"Fail the run if a SHOULD fails."`
	NoProbe bool     `help:"Do not check first that the target starts."`
	GitHub  bool     `name:"github" help:"Annotate the job in GitHub Actions, and add the report to its summary."`
	Quiet   bool     `help:"Print only errors. The report and the exit code hold the result."`
}

// targetFlags holds the flags that select the server under test.
type targetFlags struct {
	Target string   `default:"reference" placeholder:"FILE|NAME" help:"Target file, or the name of a built-in target."`
	Bin    string   `placeholder:"PATH" help:"Executable to run instead of that of the target file."`
	Env    []string `placeholder:"K=V" sep:"none" help:"Environment variable for the target, in addition to those of its file."`
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
		style := render.Style{
			Color: term.IsTerminal(int(os.Stdout.Fd())),
			Dir:   words.RelativePath(c.Out),
		}
		if err := render.WriteVerdict(os.Stdout, r, style); err != nil {
			return err
		}
	}
	if c.GitHub {
		if err := annotateJob(r); err != nil {
			return err
		}
	}
	if r.Exit == report.ExitTrouble {
		fmt.Fprintln(os.Stderr, "assay:", r.Error)
		os.Stderr.Write(log.Bytes())
	}
	return exit(r.Exit)
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
