// Command bench prints what Assay costs, side by side in one run: an issuance
// by Pebble as it comes and by the edge in front of it, and a whole run of the
// suite against the reference server, which make has built before.
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

// Issuances measured. Stock ones take seconds of waiting each, so they run
// side by side; waiting disturbs nobody.
const (
	edgeIssuances  = 60
	stockIssuances = 20
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
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
	fmt.Printf("%-34s %10s %10s   (%d issuances)\n", "stock Pebble", ms(quantile(stock, 50)), ms(quantile(stock, 95)), len(stock))
	fmt.Printf("%-34s %10s %10s   (%d issuances)\n", "edge", ms(quantile(edge, 50)), ms(quantile(edge, 95)), len(edge))
	fmt.Printf("%-34s %10.0f\n\n", "ratio of the medians", float64(quantile(stock, 50))/float64(quantile(edge, 50)))
	return runSuite(ctx)
}

// runSuite runs the suite against the reference and prints what it cost.
func runSuite(ctx context.Context) error {
	out, err := os.MkdirTemp("", "assay-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(out)
	run := exec.CommandContext(ctx, "bin/assay", "run", "--bin", "bin/assay-server", "--strict", "--out", out, "--quiet")
	run.Stderr = os.Stderr
	run.Cancel = func() error { return run.Process.Signal(os.Interrupt) } // it cleans up after itself
	run.WaitDelay = 15 * time.Second
	if err := run.Run(); err != nil {
		return errors.Join(fmt.Errorf("the suite against the reference: %w", err), ctx.Err())
	}
	r, err := report.Read(filepath.Join(out, report.ReportFile))
	if err != nil {
		return err
	}
	wall, cpu := time.Duration(r.DurationMS)*time.Millisecond, time.Duration(r.CPUMS)*time.Millisecond
	fmt.Printf("%-34s %10d\n", "requirements", len(r.Results))
	fmt.Printf("%-34s %10d\n", "issuances", r.Issuances)
	fmt.Printf("%-34s %8.1f s\n", "wall time", wall.Seconds())
	fmt.Printf("%-34s %8.1f s\n", "CPU time", cpu.Seconds())
	fmt.Printf("%-34s %8.0f %%   (%d cores)\n", "CPU ÷ (wall × cores)", 100*cpu.Seconds()/(wall.Seconds()*float64(runtime.NumCPU())), runtime.NumCPU())
	return nil
}

// quantile is the nth percentile by the nearest rank.
func quantile(sample []time.Duration, n int) time.Duration {
	slices.Sort(sample)
	return sample[max(0, (len(sample)*n+99)/100-1)]
}

func ms(d time.Duration) string { return fmt.Sprintf("%.0f ms", float64(d.Microseconds())/1000) }
