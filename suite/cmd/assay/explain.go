package main

import (
	"os"
	"path/filepath"

	"assay/scenarios"
	"assay/suite/internal/explain"
	"assay/suite/report/words"
)

// explainCommand explains requirements to somebody whose server failed them.
type explainCommand struct {
	IDs []string `arg:"" name:"ID" help:"Requirements or cases, such as BYO-02 or BYO-02/dot-dot, in upper or lower case."`
	Out string   `default:"assay-report" placeholder:"DIR" type:"path" env:"ASSAY_OUT" help:"Directory of the report that is to be explained."`
}

// Run prints one explanation after the other.
func (c *explainCommand) Run() error {
	catalogue, err := scenarios.Load()
	if err != nil {
		return err
	}
	dir := filepath.ToSlash(words.RelativePath(c.Out))
	color := isTerminal(os.Stdout)
	for i, id := range c.IDs {
		if i > 0 {
			os.Stdout.WriteString("\n\n")
		}
		if err := explain.Write(os.Stdout, catalogue, scenarios.Canonical(id), dir, color); err != nil {
			return err
		}
	}
	return nil
}
