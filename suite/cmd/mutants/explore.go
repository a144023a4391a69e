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
	"slices"
	"strconv"
	"time"

	"assay/fixtures/mutants"
	"assay/fixtures/variants"
	"assay/suite/internal/explore"
	"assay/suite/report"
)

// exploreFor is how long walks in one server are begun at most.
const exploreFor = 5 * time.Minute

// An explored server is one in which random walks have looked for something.
type explored struct {
	name    string
	walks   int           // that were taken
	find    *explore.Find // nil if nothing was found
	missing string        // what this machine lacks to run the server
	err     error         // why the server could not be explored
}

// exploreMutants leads the mutants through random walks, prints what the walks find, and
// returns the exit code. The names of requirements have no part in it.
func (r *runner) exploreMutants(
	ctx context.Context, o options, selected []*mutants.Mutant,
) (exit int, err error) {
	found, err := exploreAll(ctx, len(selected), func(i int) explored {
		m := selected[i]
		return r.explore(ctx, o, m.Name, func(dir string) ([]string, error) {
			return r.buildMutant(ctx, m, dir)
		})
	})
	if err != nil {
		return exitTrouble, err
	}
	return printExplored(os.Stdout, found), nil
}

// exploreVariants leads the variants through random walks, prints what the walks find, and
// returns the exit code. A find is an accusation, unless one of the requirements that
// promise the invariant is one that the variant's file lists under "lacks".
func (r *runner) exploreVariants(
	ctx context.Context, o options, selected []*variants.Variant,
) (exit int, err error) {
	found, err := exploreAll(ctx, len(selected), func(i int) explored {
		v := selected[i]
		if missing := v.Missing(); missing != "" {
			return explored{name: v.Name, missing: missing}
		}
		e := r.explore(ctx, o, v.Name, func(dir string) ([]string, error) {
			target, executable, err := variants.Build(ctx, r.root, v, dir)
			return []string{"--target", target, "--bin", executable}, err
		})
		lacks := func(id string) bool { return slices.Contains(v.Lacks, id) }
		if e.find != nil && slices.ContainsFunc(e.find.From, lacks) {
			e.find = nil
		}
		return e
	})
	if err != nil {
		return exitTrouble, err
	}
	exit = printExplored(os.Stdout, found)
	for _, e := range found {
		if e.find != nil {
			exit = max(exit, exitWrong)
			for _, line := range e.find.Lines() {
				fmt.Println(line)
			}
		}
	}
	return exit, nil
}

// exploreAll explores servers, some at a time, and reports progress on standard error.
func exploreAll(
	ctx context.Context, n int, one func(int) explored,
) (found []explored, err error) {
	found = make([]explored, n)
	err = forEach(ctx, n, func(i int) string {
		started := time.Now()
		found[i] = one(i)
		return progress(found[i].result(), found[i].name, time.Since(started), nil, found[i].err)
	})
	return found, err
}

// result returns the result in a few words.
func (e explored) result() string {
	switch {
	case e.err != nil:
		return "error"
	case e.missing != "":
		return "skipped"
	case e.find == nil:
		return "nothing"
	}
	return fmt.Sprintf("%s in walk %d after %.0f s", e.find.Invariant, e.find.Number, e.find.After)
}

// explore leads a server through walks until the first find. prepare builds it below a
// directory, and returns the options that name it.
func (r *runner) explore(
	ctx context.Context, o options, name string, prepare func(dir string) ([]string, error),
) (e explored) {
	e.name = name
	dir := filepath.Join(r.dir, name)
	if e.err = os.Mkdir(dir, 0o755); e.err != nil {
		return e
	}
	defer os.RemoveAll(dir)
	args, err := prepare(dir)
	if err != nil {
		e.err = err
		return e
	}
	args = append([]string{"explore", "--first", "--json", "--seed", "1", "--workers", "2",
		"--world", r.world, "--for", exploreFor.String(), "--walks", strconv.Itoa(o.Walks)}, args...)
	cmd := exec.CommandContext(ctx, r.assay, args...)
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

// printExplored prints a line for each server, the number of those in which something was
// found, and the times that it took.
func printExplored(w io.Writer, all []explored) (exit int) {
	var times []float64
	for _, e := range all {
		switch {
		case e.err != nil:
			fmt.Fprintf(w, "%-60s error: %v\n", e.name, e.err)
			exit = exitTrouble
		case e.missing != "":
			fmt.Fprintf(w, "%-60s skipped: %s\n", e.name, e.missing)
		case e.find == nil:
			fmt.Fprintf(w, "%-60s nothing in %d walks\n", e.name, e.walks)
		default:
			times = append(times, e.find.After)
			fmt.Fprintf(w, "%-60s %-24s in walk %d, after %.0f s\n", e.name, e.find.Invariant,
				e.find.Number, e.find.After)
		}
	}
	fmt.Fprintf(w, "%d of %d: something was found", len(times), len(all))
	if slices.Sort(times); len(times) > 0 {
		fmt.Fprintf(w, ", after %.0f s in the median, %.0f s at most", times[len(times)/2],
			times[len(times)-1])
	}
	fmt.Fprintln(w)
	return exit
}
