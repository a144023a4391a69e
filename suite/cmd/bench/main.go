// Command bench measures what Assay costs. It prints the time of an issuance by
// Pebble without changes and by the edge in front of it, and the cost of a whole
// run of the suite against the reference server. It needs bin/assay and
// bin/assay-server, which "make bench" builds.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"assay/pebble"
	"assay/suite/report"
)

// Numbers of issuances to measure. The issuances by stock Pebble run at the same
// time, because each of them waits for seconds.
const (
	edgeIssuances  = 60
	stockIssuances = 20
)

func main() {
	ctx, stop := signal.NotifyContext(
		context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := bench(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench(ctx context.Context) error {
	edge, err := measure(ctx, pebble.LetsEncrypt, edgeIssuances, 1)
	if err != nil {
		return fmt.Errorf("issuance through the edge: %w", err)
	}
	stock, err := measure(ctx, pebble.Stock, stockIssuances, stockIssuances)
	if err != nil {
		return fmt.Errorf("issuance through stock Pebble: %w", err)
	}
	fmt.Printf("%-34s %10s %10s\n", "one issuance, with a CA of its own", "p50", "p95")
	printIssuances("stock Pebble", stock)
	printIssuances("edge", edge)
	ratio := float64(quantile(stock, 50)) / float64(quantile(edge, 50))
	fmt.Printf("%-34s %10.0f\n\n", "ratio of the medians", ratio)
	return runSuite(ctx)
}

// printIssuances prints a line of the table of issuances.
func printIssuances(name string, sample []time.Duration) {
	fmt.Printf("%-34s %10s %10s   (%d issuances)\n",
		name, ms(quantile(sample, 50)), ms(quantile(sample, 95)), len(sample))
}

// runSuite runs the suite against the reference server and prints what it cost.
func runSuite(ctx context.Context) error {
	out, err := os.MkdirTemp("", "assay-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(out)
	run := exec.CommandContext(ctx, "bin/assay", "run",
		"--bin", "bin/assay-server", "--strict", "--out", out, "--quiet")
	run.Stderr = os.Stderr
	// assay run cleans up after itself when it is interrupted.
	run.Cancel = func() error { return run.Process.Signal(os.Interrupt) }
	run.WaitDelay = 15 * time.Second
	if err := run.Run(); err != nil {
		err = fmt.Errorf("running the suite against the reference server: %w", err)
		return errors.Join(err, ctx.Err())
	}
	r, err := report.Read(filepath.Join(out, report.ReportFile))
	if err != nil {
		return err
	}
	wall := time.Duration(r.DurationMS) * time.Millisecond
	cpu := time.Duration(r.CPUMS) * time.Millisecond
	fmt.Printf("%-34s %10d\n", "requirements", len(r.Results))
	fmt.Printf("%-34s %10d\n", "issuances", r.Issuances)
	fmt.Printf("%-34s %8.1f s\n", "wall time", wall.Seconds())
	fmt.Printf("%-34s %8.1f s\n", "CPU time", cpu.Seconds())
	cores := runtime.NumCPU()
	used := 100 * cpu.Seconds() / (wall.Seconds() * float64(cores))
	fmt.Printf("%-34s %8.0f %%   (%d cores)\n", "CPU ÷ (wall × cores)", used, cores)
	return nil
}

// quantile returns the nth percentile by the nearest rank. It sorts the sample.
func quantile(sample []time.Duration, n int) time.Duration {
	slices.Sort(sample)
	return sample[max(0, (len(sample)*n+99)/100-1)]
}

// ms returns a duration in milliseconds.
func ms(d time.Duration) string { return fmt.Sprintf("%.0f ms", float64(d.Microseconds())/1000) }
