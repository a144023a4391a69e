package main

import (
	"fmt"
	"os"
	"strings"

	"assay/scenarios"
)

type listCommand struct {
	Names   []string `arg:"" optional:"" name:"ID|GLOB" help:"Requirements to list, such as BYO-02, HTTP01-* or BYO-*/dot-*, or chapters, in upper or lower case (default: all)."`
	Only    []string `hidden:"" sep:","`
	Profile []string `hidden:"" sep:","`
	Format  string   `default:"table" enum:"table,json,markdown" help:"table, json or markdown."`
}

// Run prints the catalogue, or the part of it that is named. The table of a single
// requirement has its cases.
func (c *listCommand) Run() error {
	if wanted := append(c.Only, c.Profile...); len(wanted) > 0 {
		return fmt.Errorf("list has no --only and --profile; name the requirements or the chapters "+
			"themselves: assay list '%s'", strings.Join(wanted, "' '"))
	}
	catalogue, err := scenarios.Load()
	if err != nil {
		return err
	}
	if len(c.Names) > 0 {
		if catalogue, err = catalogue.Select(c.Names); err != nil {
			return err
		}
	}
	switch c.Format {
	case "json":
		return catalogue.JSON(os.Stdout)
	case "markdown":
		return catalogue.Markdown(os.Stdout)
	}
	if err := catalogue.Table(os.Stdout); err != nil {
		return err
	}
	if all := catalogue.Requirements(); len(all) == 1 {
		for _, row := range all[0].Cases {
			fmt.Printf("    %s/%s\n", all[0].ID, row.Name)
		}
	}
	return nil
}
