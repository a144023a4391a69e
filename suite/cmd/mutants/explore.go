package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"assay/fixtures/mutants"
	"assay/fixtures/overlay"
	"assay/suite/internal/explore"
	"assay/suite/report"
)

// An exploredMutant holds what random walks have found in a mutant.
type exploredMutant struct {
	name  string
	walks int           // that were taken
	find  *explore.Find // nil if nothing was found
	err   error         // why the mutant could not be explored
}

// exploreMutants leads the mutants through random walks, prints what the walks find, and
// returns the exit code. The names of requirements have no part in it.
func (r *runner) exploreMutants(
	ctx context.Context, o options, selected []*mutants.Mutant,
) (exit int, err error) {
	found := make([]exploredMutant, len(selected))
	err = forEach(ctx, len(selected), func(i int) string {
		started := time.Now()
		found[i] = r.exploreMutant(ctx, o, selected[i])
		return progress(found[i].result(), selected[i].Name, time.Since(started))
	})
	if err != nil {
		return exitTrouble, err
	}
	return printExplored(os.Stdout, found), nil
}

// result returns the result in a few words.
func (e exploredMutant) result() string {
	switch {
	case e.err != nil:
		return "error"
	case e.find == nil:
		return "nothing"
	}
	return fmt.Sprintf("%s in walk %d", e.find.Invariant, e.find.Number)
}

// exploreMutant builds a mutant and leads it through walks until the first find.
func (r *runner) exploreMutant(
	ctx context.Context, o options, m *mutants.Mutant,
) (e exploredMutant) {
	e.name = m.Name
	dir := filepath.Join(r.dir, m.Name)
	if e.err = os.Mkdir(dir, 0o755); e.err != nil {
		return e
	}
	defer os.RemoveAll(dir)
	server, err := overlay.Build(ctx, r.root, m.Server, dir)
	if err != nil {
		e.err = err
		return e
	}
	cmd := exec.CommandContext(ctx, r.assay, "explore", "--bin", server, "--first", "--json",
		"--seed", "1", "--workers", "1", "--world", r.world, "--for", "1h",
		"--walks", strconv.Itoa(o.Walks))
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 15 * time.Second
	var trouble bytes.Buffer
	cmd.Stderr = &trouble
	output, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		e.err = err
		return e
	}
	code := cmd.ProcessState.ExitCode()
	var result explore.Result
	if err := json.Unmarshal(output, &result); err != nil ||
		code != report.ExitOK && code != report.ExitFailed {
		e.err = fmt.Errorf("assay explore: exit %d, expected %d or %d: %s",
			code, report.ExitOK, report.ExitFailed, bytes.TrimSpace(trouble.Bytes()))
		return e
	}
	e.walks = result.Walks
	if len(result.Finds) > 0 {
		e.find = &result.Finds[0]
	}
	return e
}

// printExplored prints a line for each mutant and the number of those that were found.
func printExplored(w io.Writer, all []exploredMutant) (exit int) {
	found := 0
	for _, e := range all {
		switch {
		case e.err != nil:
			fmt.Fprintf(w, "%-60s error: %v\n", e.name, e.err)
			exit = exitTrouble
		case e.find == nil:
			fmt.Fprintf(w, "%-60s nothing in %d walks\n", e.name, e.walks)
		default:
			found++
			fmt.Fprintf(w, "%-60s %-24s in walk %d, after %.0f s\n", e.name, e.find.Invariant,
				e.find.Number, e.find.After)
		}
	}
	fmt.Fprintf(w, "%d of %d were found\n", found, len(all))
	return exit
}
