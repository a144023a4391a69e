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
	bin, err := c.executable(func(string, ...any) {}) // the finding "target" names it
	if err != nil {
		fmt.Fprintf(os.Stdout, "%-8s %-11s %v\n", "error", "target", err)
		return exit(report.ExitTrouble)
	}
	o := suite.Options{Target: c.Target, Bin: bin, Env: c.Env}
	code := 0
	for _, f := range suite.Examine(context.Background(), o) {
		fmt.Fprintf(os.Stdout, "%-8s %-11s %s\n", f.Verdict, f.What, f.Text)
		if f.Verdict == "error" {
			code = report.ExitTrouble
		}
	}
	return exit(code)
}
