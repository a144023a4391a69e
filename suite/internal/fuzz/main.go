// Command fuzz runs every fuzz function of the module for a while, one after another.
//
//	go run ./suite/internal/fuzz [-time 1m] [PATTERN …]
//
// It finds the functions in the test files of all packages, so a new one needs no entry
// anywhere. A pattern such as "Fuzz*Head" or "suite/internal/redact" selects functions by
// their name or by the directory of their package. Command fuzz prints one line for each
// function: how often it ran, how many of its inputs reached code that no other had
// reached, and the result.
//
// At the first failure command fuzz ends with 1, after it has printed the name of the
// file with the input that failed and what the function said. It ends with 2 if it could
// not run at all, and with 0 otherwise.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	each := flag.String("time", "1m", "how long, or with an x how often, each function runs")
	flag.Parse()
	err := run(ctx, ".", *each, flag.Args(), os.Stdout)
	switch {
	case err == nil:
	case errors.Is(err, errFound):
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		os.Exit(1)
	default:
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		os.Exit(2)
	}
}

// errFound says that a function failed.
var errFound = errors.New("an input made a function fail")

// run runs the functions of the module in this directory that a pattern selects.
func run(
	ctx context.Context, module string, each string, patterns []string, out io.Writer,
) error {
	all, err := find(ctx, module)
	if err != nil {
		return err
	}
	selected, err := choose(all, patterns)
	if err != nil {
		return err
	}
	for _, f := range selected {
		result, err := f.run(ctx, module, each)
		if err != nil {
			return fmt.Errorf("%s in %s: %w", f.name, f.dir, err)
		}
		fmt.Fprintf(out, "%-26s %-24s %10d executions %5d new  %s\n",
			f.name, f.dir, result.executions, result.interesting, result.verdict())
		if result.failed {
			fmt.Fprint(out, result.output)
			return fmt.Errorf("%w: %s in %s", errFound, f.name, f.dir)
		}
	}
	return nil
}

// choose returns the functions that at least one pattern matches, all if there is none.
func choose(all []function, patterns []string) (chosen []function, err error) {
	if len(patterns) == 0 {
		return all, nil
	}
	for _, f := range all {
		for _, pattern := range patterns {
			byName, err := path.Match(pattern, f.name)
			if err != nil {
				return nil, fmt.Errorf("pattern %q: %w", pattern, err)
			}
			if byDir, _ := path.Match(pattern, f.dir); byName || byDir {
				chosen = append(chosen, f)
				break
			}
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("patterns %q: found no fuzz function, expected at least one of %d",
			patterns, len(all))
	}
	return chosen, nil
}
