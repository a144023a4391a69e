package main

import (
	"os"

	"assay/scenarios"
)

type listCommand struct {
	Format string `default:"table" enum:"table,json,markdown" help:"table, json or markdown."`
}

func (c *listCommand) Run() error {
	catalogue, err := scenarios.Load()
	if err != nil {
		return err
	}
	switch c.Format {
	case "json":
		return catalogue.JSON(os.Stdout)
	case "markdown":
		return catalogue.Markdown(os.Stdout)
	}
	return catalogue.Table(os.Stdout)
}
