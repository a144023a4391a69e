package run

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"assay/suite/internal/redact"
	"assay/suite/internal/world"
	"assay/suite/report"
)

// Execute runs the suite, writes a report and returns it. If an option or the
// target file is wrong, it returns an error and writes no report. Once the run has
// begun, it writes a report however the run ends, so that the report of an earlier
// run never remains in its place.
func Execute(ctx context.Context, o Options, log io.Writer) (*report.Report, error) {
	p, err := makePlan(o)
	if err != nil {
		return nil, err
	}
	kind, reason, err := chooseWorld(world.Kind(p.World))
	if err != nil {
		return nil, err
	}
	p.World = string(kind)
	// From here on, an interrupted run has a report too.
	signals, stop := world.Signals()
	defer stop()
	if err := report.Check(p.Out); err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	var output bytes.Buffer // Ginkgo's, which may hold secrets
	defer func() { io.WriteString(log, redact.Redactor{}.Text(output.String())) }()
	reportFile := filepath.Join(p.Out, report.ReportFile)
	before := stamp(reportFile)
	outer := world.Outer{
		Kind:     kind,
		Reason:   reason,
		Needs:    p.paths(),
		Writable: []string{p.Out},
		Env:      append(os.Environ(), p.marshal()),
		Stdout:   &output,
		Stderr:   &output,
		Signals:  signals,
	}
	started := time.Now()
	exit, runErr := outer.Run(ctx)
	if stamp(reportFile) == before {
		// The inner process ended before it wrote a report, so this process
		// writes one.
		c := conclusion{started: started, kind: kind, reason: reason, err: runErr,
			interrupted: exit == report.ExitInterrupted}
		if !c.interrupted && c.err == nil {
			c.err = fmt.Errorf("the run ended without a report (exit %d)", exit)
		}
		// There is no world here in which the target's command could run.
		p.target.AskVersion(func(*exec.Cmd) error { return world.ErrNoRun })
		r := p.conclude(c)
		return r, report.Write(p.Out, r)
	}
	r, err := report.Read(reportFile)
	if err != nil {
		return nil, err
	}
	if runErr != nil {
		r.Blame(runErr)
		err = report.Rewrite(p.Out, r)
	}
	return r, err
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
	paths := []string{p.Out, p.target.Command[0]}
	if len(p.target.Schedule) > 0 && filepath.IsAbs(p.target.Schedule[0]) {
		paths = append(paths, p.target.Schedule[0])
	}
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
