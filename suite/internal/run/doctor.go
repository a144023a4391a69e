package run

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"assay/suite/internal/browser"
	"assay/suite/internal/careful"
	"assay/suite/internal/limits"
	"assay/suite/internal/sut"
	"assay/suite/internal/world"
)

// A Finding is one line of what [Examine] says; suite.Finding documents it.
type Finding struct{ What, Verdict, Text string }

// The verdicts of a finding.
const (
	found   = "ok"
	limited = "limited"
	fatal   = "error"
)

// Examine says what this machine and this target allow, before anything is
// judged: the worlds, the tools that specs call, whether the target starts with a
// plain configuration, which is the probe of a run, and whether it gets a
// certificate if it claims acme.
func Examine(ctx context.Context, o Options) []Finding {
	findings := []Finding{
		examineWorld(),
		examineWalls(),
		examineFiles(),
		examineTool("openssl", "the expiry chapter runs the documented pipeline with it"),
		examineTool(browser.Command(), "EXPIRY-03 looks at the certificate with a real browser"),
		examineTool("certutil",
			"EXPIRY-03 makes the browser trust the CA with it (package libnss3-tools)"),
	}
	p, err := makePlan(o)
	if err != nil {
		return append(findings, Finding{What: "target", Verdict: fatal, Text: err.Error()})
	}
	findings = append(findings, Finding{What: "target", Verdict: found,
		Text: fmt.Sprintf("%s: %s, version %s, x/crypto %s, claims %s",
			p.target.Name, p.target.Command[0], orUnknown(p.target.Version()),
			orUnknown(p.target.AutocertVersion()), strings.Join(p.target.Profiles, " "))})
	if p.target.Claims("renewal") {
		findings = append(findings, examineSchedule(p.target, p.Env))
	}
	return append(findings, examineStart(ctx, o)...)
}

func examineSchedule(t *sut.Target, env []string) Finding {
	dir, err := os.MkdirTemp("", "assay-doctor-")
	if err != nil {
		return Finding{What: "schedule", Verdict: limited, Text: err.Error()}
	}
	defer removeAll(dir)
	cmd, err := t.ScheduleCommand(dir, env)
	if err != nil {
		return Finding{What: "schedule", Verdict: limited,
			Text: err.Error() + ": requirements about the renewal schedule in virtual time are skipped"}
	}
	return Finding{What: "schedule", Verdict: found, Text: cmd.Path}
}

// removeAll removes a directory that a target may have written to.
func removeAll(dir string) {
	ctx, cancel := careful.Deadline(limits.Cleanup)
	defer cancel()
	_ = careful.RemoveAll(ctx, dir) // what is left lies among the system's temporary files
}

func examineWorld() Finding {
	if err := world.Available(); err != nil {
		return Finding{What: "world", Verdict: limited,
			Text: "loopback: " + err.Error() + "; requirements about real ports are skipped"}
	}
	return Finding{What: "world", Verdict: found,
		Text: "namespace: real ports, both address families, real firewall rules"}
}

// examineWalls says what keeps a target from the rest of this machine.
func examineWalls() Finding {
	left := world.Left()
	if world.Available() != nil {
		left = append(left, "without namespaces a target has this machine's network and "+
			"this user's ID")
	}
	if len(left) > 0 {
		return Finding{What: "confinement", Verdict: limited, Text: strings.Join(left, "; ")}
	}
	return Finding{What: "confinement", Verdict: found,
		Text: "a target reaches its own directory and its own network, and nothing that is secret"}
}

// openFiles is the number of files that a spec may have open. The worker holds both
// ends of forty connections, besides the files of a Go program and of a CA.
const openFiles = 512

func examineFiles() Finding {
	limit, known := openFilesLimit()
	switch {
	case !known:
		return Finding{What: "open files", Verdict: found, Text: "the limit is not known on this system"}
	case limit < openFiles:
		return Finding{What: "open files", Verdict: limited,
			Text: fmt.Sprintf("%d a process, %d are needed: "+
				"specs that hold connections open may fail; raise it by ulimit -n", limit, openFiles)}
	}
	return Finding{What: "open files", Verdict: found, Text: fmt.Sprintf("%d a process", limit)}
}

func examineTool(name, use string) Finding {
	path, err := exec.LookPath(name)
	if err != nil {
		return Finding{What: name, Verdict: limited, Text: "not on PATH: " + use}
	}
	return Finding{What: name, Verdict: found, Text: path}
}

// examineStart runs the suite with nothing selected: it probes the target, lets it
// obtain one certificate if it claims acme, and moves its clock.
func examineStart(ctx context.Context, o Options) []Finding {
	fail := func(text string) []Finding {
		return []Finding{{What: "start", Verdict: fatal, Text: text}}
	}
	out, err := os.MkdirTemp("", "assay-doctor-")
	if err != nil {
		return fail(err.Error())
	}
	defer removeAll(out)
	o.Out, o.ProbeOnly = filepath.Join(out, "report"), true
	var log bytes.Buffer
	r, err := Execute(ctx, o, &log)
	if err != nil {
		return fail(err.Error())
	}
	if why := WhyUnfinished(r); why != "" {
		return fail(why + log.String())
	}
	findings := []Finding{{What: "start", Verdict: found,
		Text: "the target starts with a plain configuration and stops when asked"}}
	tried, err := readFindings(o.Out)
	if err != nil {
		return append(findings, Finding{What: "target", Verdict: limited, Text: err.Error()})
	}
	return append(findings, tried...)
}

func orUnknown(text string) string {
	if text == "" {
		return "unknown"
	}
	return text
}
