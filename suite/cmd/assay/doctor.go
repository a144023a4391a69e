package main

import (
	"context"
	"fmt"
	"os"

	"assay/suite"
	"assay/suite/report"
)

type doctorCommand struct {
	targetFlags
}

func (c *doctorCommand) Run() error {
	o := suite.Options{Target: c.Target, Bin: c.Bin, Env: c.Env}
	code := 0
	for _, f := range suite.Examine(context.Background(), o) {
		fmt.Fprintf(os.Stdout, "%-8s %-11s %s\n", f.Verdict, f.What, f.Text)
		if f.Verdict == "error" {
			code = report.ExitTrouble
		}
	}
	return exit(code)
}
