package main

import (
	"os"

	"assay/suite/internal/diffpage"
	"assay/suite/report"
	"assay/suite/report/diff"
)

type diffCommand struct {
	From   string `arg:"" name:"A.json" help:"Report of the first run."`
	To     string `arg:"" name:"B.json" help:"Report of the second run."`
	Format string `default:"text" enum:"text,markdown,html,json" help:"text, markdown, html or json."`
	Strict bool   `help:"Exit with 1 if anything differs, not only if a MUST got worse."`
}

func (c *diffCommand) Run() error {
	from, err := report.Read(c.From)
	if err != nil {
		return err
	}
	to, err := report.Read(c.To)
	if err != nil {
		return err
	}
	d := diff.Compare(from, to)
	if err := printDiff(d, c.Format); err != nil {
		return err
	}
	return exit(d.Exit(c.Strict))
}

// printDiff writes a difference to standard output.
func printDiff(d *diff.Diff, format string) error {
	switch format {
	case "markdown":
		return diff.WriteMarkdown(os.Stdout, d)
	case "html":
		return diffpage.Write(os.Stdout, d)
	case "json":
		return diff.WriteJSON(os.Stdout, d)
	}
	return diff.WriteText(os.Stdout, d, isTerminal(os.Stdout))
}
