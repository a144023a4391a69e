package main

import (
	"fmt"
	"os"

	"github.com/alecthomas/kong"

	"assay/pebble/presets"
	"assay/scenarios"
	"assay/suite/internal/complete"
	"assay/suite/internal/sut"
)

// completionCommand prints scripts for shells. The scripts call it for the words.
type completionCommand struct {
	Shell string   `arg:"" enum:"bash,zsh,fish,words" help:"bash, zsh or fish; words prints what the last WORD may become, for these scripts."`
	Words []string `arg:"" optional:"" name:"WORD" help:"The words of a command line after assay."`
}

// Help returns what assay completion --help prints above the arguments.
func (*completionCommand) Help() string {
	return `Load the script in the shell's start file:
  bash  source <(assay completion bash)
  zsh   source <(assay completion zsh)
  fish  assay completion fish | source`
}

// Run prints the script, or the candidates.
func (c *completionCommand) Run(ctx *kong.Kong) error {
	if c.Shell != "words" {
		script, err := complete.Script(c.Shell, "assay")
		if err != nil {
			return err
		}
		_, err = os.Stdout.WriteString(script)
		return err
	}
	for _, candidate := range complete.Candidates(ctx.Model, c.Words, completions) {
		fmt.Println(candidate)
	}
	return nil
}

// completions returns the values of flags and arguments that are names and not paths.
func completions(kind string) (values []string, ok bool) {
	catalogue, err := scenarios.Load()
	if err != nil {
		return nil, false
	}
	switch kind {
	case "GLOB", "ID", "ID|GLOB":
		for _, r := range catalogue.Requirements() {
			values = append(values, r.ID)
		}
		return values, true
	case "P":
		return scenarios.ChapterNames(), true
	case "PRESET":
		return append(presets.Names(), everyCA), true
	case "FILE|NAME":
		return append(sut.Names(), complete.File), true
	case "N", "I/N", "D", "V", "K=V", "WORD":
		return nil, true
	}
	return nil, false
}
