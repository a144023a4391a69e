package main

import (
	"os"

	"assay/suite/schema"
)

type schemaCommand struct {
	Kind string `arg:"" enum:"target,catalogue,report" help:"One of target, catalogue, report."`
}

func (c *schemaCommand) Run() error {
	text, err := schema.Of(c.Kind)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(text)
	return err
}
