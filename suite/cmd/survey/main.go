// Command survey measures how much of the reference server the suite's specs hold in
// place. It makes one small change at a time to the server's sources, such as a condition
// that is negated or a statement that is left out, and runs the specs that reach the
// change until one fails. A change that no spec notices survives: something is promised
// that nothing looks at, or the change makes no difference to anybody.
//
// All changes are built into one executable, which is told by an environment variable
// which of them to make. A run of the whole suite finds which specs reach which change.
// The server's own unit tests play no part.
//
// Survivors that make no difference are explained in fixtures/survivors. The exit code
// is 0 if every other survivor is on that list, 1 if one is not, and 2 if the survey
// could not be made.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"assay/fixtures/mutants"
	"assay/fixtures/overlay"
	"assay/scenarios"
	"assay/suite/internal/command"
	"assay/suite/report"
)

// Exit codes.
const (
	exitOK       = 0
	exitSurvivor = 1
	exitTrouble  = 2
)

const description = `Change the reference server in small ways, one at a time, and tell which
changes no spec of the suite notices.`

type options struct {
	Files  []string `name:"file" placeholder:"GLOB" help:"Make changes in these files only: server/acme/*.go."`
	Sample int      `placeholder:"N" help:"Make only N of the changes, chosen at random."`
	Seed   uint64   `default:"1" placeholder:"N" help:"Choose the sample by this number (default: 1)."`
	Number []int    `placeholder:"N,..." help:"Make only the changes with these numbers."`
	Most   int      `placeholder:"N" help:"Run at most N specs for each change (default: all that reach it)."`
	AtOnce int      `default:"2" placeholder:"N" help:"Make N changes at a time (default: 2)."`
	Reach  string   `placeholder:"FILE" help:"Keep in this file which specs reach which change, and use it if the sources are the same."`
	JSON   string   `name:"json" placeholder:"FILE" help:"Write the results to this file."`
	World  string   `default:"auto" enum:"auto,namespace,loopback" help:"Where the server runs: auto, namespace or loopback."`
	List   bool     `help:"Print the changes and make none."`
}

func main() {
	var o options
	command.Main("survey", description, &o, func(ctx context.Context) (exit int, err error) {
		return run(ctx, o)
	})
}

func run(ctx context.Context, o options) (exit int, err error) {
	root, err := overlay.Root(serverPackage)
	if err != nil {
		return exitTrouble, err
	}
	program, err := instrument(ctx, root)
	if err != nil {
		return exitTrouble, err
	}
	known, err := loadExplained(os.DirFS(root), program.points)
	if err != nil {
		return exitTrouble, err
	}
	selected, err := selection(program.points, o)
	if err != nil {
		return exitTrouble, err
	}
	if o.List {
		for _, p := range selected {
			fmt.Println(p)
		}
		return exitOK, nil
	}
	dir, err := os.MkdirTemp("", "assay-survey-")
	if err != nil {
		return exitTrouble, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	mistakes, err := mutants.Mistakes()
	if err != nil {
		return exitTrouble, err
	}
	catalogue, err := scenarios.Load()
	if err != nil {
		return exitTrouble, err
	}
	s := &surveyor{
		root: root, dir: dir, options: o, likely: likelyOf(mistakes), catalogue: catalogue,
	}
	if err := s.build(ctx, program); err != nil {
		return exitTrouble, err
	}
	if s.reach, err = s.reached(ctx, program); err != nil {
		return exitTrouble, err
	}
	results, err := s.survey(ctx, selected)
	if err != nil {
		return exitTrouble, err
	}
	sum := summarize(program, results, known, o)
	sum.Reached = len(s.reach.Points)
	if o.JSON != "" {
		text, err := json.MarshalIndent(sum, "", " ")
		if err == nil {
			err = os.WriteFile(o.JSON, append(text, '\n'), 0o644)
		}
		if err != nil {
			return exitTrouble, err
		}
	}
	return sum.print(os.Stdout), nil
}

// build compiles the suite and the server that holds all changes.
func (s *surveyor) build(ctx context.Context, program *program) error {
	s.assay, s.server = filepath.Join(s.dir, "assay"), filepath.Join(s.dir, "assay-server")
	err := overlay.Compile(ctx, s.root, s.dir, s.assay, "./suite/cmd/assay")
	if err != nil {
		return err
	}
	replacements, err := overlay.Write(s.root, program.sources, s.dir)
	if err != nil {
		return err
	}
	return overlay.Compile(ctx, s.root, s.dir, s.server, serverPackage, "-overlay", replacements)
}

// failures returns the names of the requirements that a report accuses the server of.
func failures(r *report.Report) (names []string) {
	for i := range r.Results {
		if r.Results[i].Status == report.Failed {
			names = append(names, r.Results[i].ID)
		}
	}
	return names
}
