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

	"assay/suite/internal/contact"
	"assay/suite/internal/events"
	"assay/suite/internal/world"
	"assay/suite/report"
)

// ownWords begins a line of the inner process's own among those of Ginkgo.
const ownWords = "assay: "

// Child does the part of a run for which this process was started, as the
// inner process or as a worker, and returns the exit code.
func Child() int {
	inside, err := world.Join()
	if err != nil {
		fmt.Fprintln(os.Stderr, ownWords+err.Error())
		return report.ExitTrouble
	}
	from, err := inherited()
	if err != nil {
		fmt.Fprintln(os.Stderr, "assay: reading the run's options:", err)
		return report.ExitTrouble
	}
	p, err := makePlan(from.Options)
	if err != nil {
		fmt.Fprintln(os.Stderr, "assay:", err)
		return report.ExitTrouble
	}
	p.procsWhy = from.ProcsWhy
	part := p.coordinate
	if os.Getenv(workerVariable) != "" {
		part = p.work
	}
	exit := part(inside)
	if err := inside.End(); err != nil {
		fmt.Fprintln(os.Stderr, "assay:", err)
	}
	return exit
}

// coordinate does the work of the inner process: it probes the target, lets
// workers run the specs and writes the report.
func (p *plan) coordinate(inside *world.Run) int {
	c := conclusion{started: time.Now(), kind: inside.Kind(), reason: inside.Reason()}
	signalled, stop := signal.NotifyContext(context.Background(),
		os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	ctx, end := context.WithCancelCause(signalled)
	defer end(nil)
	defer p.endInTime(end)()

	sender := events.NewSender(inside.Messages())
	defer sender.Close()
	tracker := p.newTracker(sender.Send)
	if !p.NoProbe {
		tracker.tell(report.EventProbe)
		c.err = p.probe(ctx, inside)
	}
	if c.err == nil && p.ProbeOnly {
		c.err = p.tryTarget(ctx, inside)
	}
	if ctx.Err() != nil {
		c.err = nil // the target was not given the time to start
	}
	if c.err == nil && !p.ProbeOnly && ctx.Err() == nil {
		c.err = p.askVersion(inside) // which known failures apply depends on the version
		defer context.AfterFunc(ctx, remind)()
		p.contact = contact.NewReader(contactFile(inside))
		stopTrying := p.startTrying(ctx, inside, tracker.issuance)
		outcomes, err := p.judge(ctx, inside, func(fresh []outcome) {
			tracker.notice(fresh)
			p.failFast(tracker, end)
		})
		stopTrying()
		c.outcomes, c.err = outcomes, errors.Join(c.err, err)
		if ctx.Err() == nil {
			tracker.finish(outcomes)
		}
	}
	c.early = earlyEndOf(ctx)
	switch {
	case c.early.failure != "":
		c.err = errors.New(c.early.failure) // what failed for it, such as the probe, says less
	case c.early.reason == "":
		c.interrupted = ctx.Err() != nil
	}
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
