// Package run runs the suite: it starts the processes of a run, tries the
// target, lets Ginkgo run the specs that package harness has registered, and
// gathers their outcomes into a report.
//
// A run is a small tree of processes, all of the same executable. The user
// starts the outer process. It starts the inner process inside the run's world
// (package world). The inner process probes the target, then lets Ginkgo start
// the workers. Each worker runs specs, and each spec starts servers.
package run

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"assay/suite/internal/careful"
	"assay/suite/internal/events"
	"assay/suite/internal/limits"
	"assay/suite/internal/logtext"
	"assay/suite/internal/page"
	"assay/suite/internal/redact"
	"assay/suite/internal/world"
	"assay/suite/report"
	"assay/suite/report/words"
)

// Execute runs the suite, writes a report with its page and returns it. If an option or the
// target file is wrong, it returns an error and writes no report. Once the run has
// begun, it writes a report however the run ends, so that the report of an earlier
// run never remains in its place.
func Execute(ctx context.Context, o Options, log io.Writer) (*report.Report, error) {
	p, err := makePlan(o)
	if err != nil {
		return nil, err
	}
	signals, stop := world.Signals() // from here on, an interrupted run has a report too
	defer stop()
	kind, reason, err := chooseWorld(world.Kind(p.World))
	if err != nil {
		return nil, err
	}
	told := p.newTeller(kind)
	p.World = string(kind)
	if err := report.Check(p.Out); err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	if err := page.Clear(p.Out); err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	output := careful.NewOutput(limits.Output) // Ginkgo's, which may hold secrets
	defer func() {
		// It may hold what a target said, and colours.
		text := redact.Redactor{}.Text(logtext.Plain(output.String()))
		io.WriteString(log, words.Printable(text))
	}()
	reportFile := filepath.Join(p.Out, report.ReportFile)
	before := stamp(reportFile)
	outer := world.Outer{
		Kind:     kind,
		Reason:   reason,
		Needs:    p.paths(),
		Writable: []string{p.Out},
		Env:      append(os.Environ(), p.marshal()),
		Stdout:   output,
		Stderr:   output,
		Signals:  signals,

		Messages:    told.Read,
		Interrupted: told.Interrupted,
	}
	started := time.Now()
	exit, runErr := outer.Run(ctx)
	if stamp(reportFile) == before {
		// The inner process ended before it wrote a report, so this process
		// writes one.
		c := conclusion{started: started, kind: kind, reason: reason, err: runErr,
			interrupted: exit == report.ExitInterrupted}
		if !c.interrupted && c.err == nil {
			c.err = fmt.Errorf("the run ended without a report (exit %d)%s", exit,
				lastWords(redact.Redactor{}.Text(output.String())))
		}
		// There is no world here in which the target's command could run.
		p.target.AskVersion(func(*exec.Cmd) error { return world.ErrNoRun })
		r := p.conclude(c)
		return r, p.show(r, report.Write(p.Out, r))
	}
	r, err := report.Read(reportFile)
	if err != nil {
		return nil, err
	}
	if runErr != nil {
		r.Blame(runErr)
		err = report.Rewrite(p.Out, r)
	}
	return r, p.show(r, err)
}

// lastWords returns what the inner process said last of its own accord, as the end of a
// sentence; "" if it said nothing.
func lastWords(output string) (said string) {
	for line := range strings.Lines(output) {
		if text, ok := strings.CutPrefix(line, ownWords); ok {
			said = ": " + strings.TrimSpace(text)
		}
	}
	return words.Printable(said)
}

// show writes the page of a report that was stored, or returns the error of
// storing it.
func (p *plan) show(r *report.Report, err error) error {
	if err != nil {
		return err
	}
	return page.Write(p.Out, r)
}

// newTeller tells Options.Progress that the run began, and returns what tells it more.
func (p *plan) newTeller(kind world.Kind) *events.Teller {
	call := p.Progress
	if call == nil || p.ProbeOnly {
		call = func(report.Event) {}
	}
	began := p.newTracker(nil).latest // for its counts
	began.Kind, began.Target, began.Executable = report.EventBegan, p.target.Name, p.target.Command[0]
	began.Workers, began.WorkersReason = p.workers(kind)
	return events.NewTeller(call, began)
}

// WhyUnfinished says why a run ended before all requirements were judged. It
// returns "" for a complete run.
func WhyUnfinished(r *report.Report) string {
	var why []string
	if r.Interrupted {
		why = append(why, "the run was interrupted")
	}
	if r.Error != "" {
		why = append(why, r.Error)
	}
	return strings.Join(why, "\n")
}

// stamp returns the time and size of a file, which change when it is written
// again. It returns "" if there is no file.
func stamp(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	return fmt.Sprint(info.ModTime().UnixNano(), info.Size())
}

// paths returns the paths that a run reads. Its world must not hide them.
func (p *plan) paths() []string {
	paths := append([]string{p.Out}, p.target.Paths(p.Env)...)
	if p.target.File != "" {
		paths = append(paths, filepath.Dir(p.target.File)) // scripts may lie beside it
	}
	if executable, err := os.Executable(); err == nil {
		paths = append(paths, executable)
	}
	if dir, err := os.Getwd(); err == nil {
		paths = append(paths, dir)
	}
	return paths
}

// chooseWorld returns the kind of world that this machine allows. If auto means
// loopback here, it also returns the reason.
func chooseWorld(kind world.Kind) (world.Kind, string, error) {
	if kind == world.Loopback {
		return kind, "", nil
	}
	err := world.Available()
	switch {
	case err == nil:
		return world.Namespace, "", nil
	case kind == world.Auto:
		return world.Loopback, err.Error(), nil
	}
	return "", "", fmt.Errorf("--world namespace: %w", err)
}
