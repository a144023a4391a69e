package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"assay/suite/internal/world"
	"assay/suite/report"
)

// Child does the part of a run for which this process was started, as the
// inner process or as a worker, and returns the exit code.
func Child() int {
	inside, err := world.Join()
	if err != nil {
		fmt.Fprintln(os.Stderr, "assay:", err)
		return report.ExitTrouble
	}
	o, err := inherited()
	if err != nil {
		fmt.Fprintln(os.Stderr, "assay: reading the run's options:", err)
		return report.ExitTrouble
	}
	p, err := makePlan(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "assay:", err)
		return report.ExitTrouble
	}
	if os.Getenv(workerVariable) != "" {
		return p.work(inside)
	}
	return p.coordinate(inside)
}

// coordinate is the inner process: it probes the target, lets workers run the
// specs and writes the report.
func (p *plan) coordinate(inside *world.Run) int {
	c := conclusion{started: time.Now(), kind: inside.Kind(), reason: inside.Reason()}
	interrupted, stop := signal.NotifyContext(context.Background(),
		os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()

	if !p.NoProbe {
		c.err = p.probe(interrupted, inside)
	}
	if c.err == nil && !p.ProbeOnly && interrupted.Err() == nil {
		context.AfterFunc(interrupted, remind)
		c.outcomes, c.err = p.judge(interrupted, inside)
	}
	c.interrupted = interrupted.Err() != nil
	c.err = errors.Join(c.err, p.askVersion(inside))
	r := p.conclude(c)
	if err := report.Write(p.Out, r); err != nil {
		fmt.Fprintln(os.Stderr, "assay:", err)
		return report.ExitTrouble
	}
	return r.Exit
}

// askVersion runs the target's version command like the target itself: in a
// world, without the run's capabilities.
func (p *plan) askVersion(inside *world.Run) error {
	w, err := inside.Open(0, 0)
	if err != nil {
		p.target.AskVersion(func(*exec.Cmd) error { return err })
		return err
	}
	p.target.AskVersion(w.Start)
	return w.Close()
}

// remind interrupts the whole process group again, every second until this
// process ends: a worker that was just starting missed the first signal.
func remind() {
	for range time.Tick(time.Second) {
		syscall.Kill(0, syscall.SIGINT)
	}
}
