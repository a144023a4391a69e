package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"assay/fixtures/hostile"
	"assay/suite/report"
	"assay/suite/report/reporttest"
)

// checkReport checks that a report is there, and that it holds a verdict.
func (o *outcome) checkReport(p place, kind hostile.Kind) {
	r, err := p.readReport()
	if err != nil {
		o.find("the report: %v", err)
		return
	}
	if r.Exit != o.exit {
		o.find("the report says exit %d, the run ended with %d", r.Exit, o.exit)
	}
	counts := map[report.Status]int{}
	errors, reasons := 0, 0
	for _, x := range r.Results {
		counts[x.Status]++
		cases := append(slices.Clone(x.Cases), report.Case{Status: x.Status, Reason: x.Reason})
		for _, c := range cases {
			if traces.MatchString(c.Reason) {
				o.find("%s %s: a trace of a panic: %.200q", x.ID, c.Case, c.Reason)
			}
			if c.Status != report.Error {
				continue
			}
			errors++
			if c.Reason != "" {
				reasons++
			}
			if c.Case == "" && kind.Errors == "" && !strings.Contains(c.Reason, "starved") {
				o.find("%s: an error of Assay's own: %.300s", x.ID, c.Reason)
			}
		}
	}
	o.counts = countsOf(counts)
	o.unprobed = r.Error != "" && counts[report.Failed]+counts[report.Passed]+counts[report.Error] == 0
	if traces.MatchString(r.Error) {
		o.find("a trace of a panic in the report's error: %.200q", r.Error)
	}
	switch o.exit {
	case report.ExitOK, report.ExitFailed:
	case report.ExitTrouble:
		if r.Error == "" && reasons == 0 {
			o.find("exit %d without a reason in the report", o.exit)
		}
	default:
		o.find("exit %d, expected %d, or %d with a reason", o.exit, report.ExitFailed, report.ExitTrouble)
	}
	if o.exit == report.ExitTrouble && r.Error != "" {
		line, _, _ := strings.Cut(r.Error, "\n")
		o.counts += fmt.Sprintf(" (%.120s)", line)
	}
}

func countsOf(counts map[report.Status]int) string {
	var parts []string
	for _, s := range []report.Status{report.Passed, report.Failed, report.Error, report.Observed} {
		if counts[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[s], s))
		}
	}
	return strings.Join(parts, ", ")
}

// traces finds what a Go program prints when it panics.
var traces = regexp.MustCompile(`(?m)^\s*panic: |^\s*goroutine \d+ \[|^\s*fatal error: |` +
	`runtime error: |\[PANICKED\]`)

// mostPrinted is how much a run may print, in bytes.
const mostPrinted = 1 << 20

// checkTexts checks what people see of a run.
func (o *outcome) checkTexts(p place) {
	printed, err := os.ReadFile(p.output)
	if err != nil {
		o.find("what the run printed: %v", err)
		return
	}
	if len(printed) > mostPrinted {
		o.find("the run printed %d bytes, expected at most %d", len(printed), mostPrinted)
	}
	if found := traces.FindIndex(printed); found != nil {
		o.find("the run printed a trace of a panic: %.300q", printed[found[0]:])
	}
	if line := commandIn(string(printed)); line != "" {
		o.find("the run printed a command that is not Assay's: %.200q", line)
	}
	texts := map[string][]byte{"the run printed": printed}
	for _, name := range []string{"report.html", report.JUnitFile} {
		text, err := os.ReadFile(filepath.Join(p.out, name))
		if err != nil {
			o.find("%v", err)
		}
		texts[name+" holds"] = text
		if strings.Contains(string(text), "<script>alert('hostile')") && name == "report.html" {
			o.find("%s holds markup of the server's", name)
		}
	}
	for where, text := range texts {
		if found := reporttest.Misleading(string(text)); found != "" {
			o.find("%s a character that shows nothing: %s", where, found)
		}
	}
}

// Lines that GitHub Actions takes for commands, and those of Assay's.
var (
	workflowCommand = regexp.MustCompile(`^\s*(::|##\[)`)
	ownCommand      = regexp.MustCompile(`^::(error|warning|notice) .*::|^::(group::|endgroup::)`)
	stopCommands    = regexp.MustCompile(`^::stop-commands::(\S+)$`)
)

// commandIn returns a line that GitHub Actions would take for a command, and that is none
// of Assay's.
func commandIn(printed string) string {
	until := ""
	for line := range strings.Lines(printed) {
		line = strings.TrimRight(line, "\n")
		switch stop := stopCommands.FindStringSubmatch(line); {
		case until != "":
			if line == "::"+until+"::" {
				until = ""
			}
		case stop != nil:
			until = stop[1]
		case workflowCommand.MatchString(line) && !ownCommand.MatchString(line):
			return line
		}
	}
	if until != "" {
		return "commands are stopped, and nothing lets them go on"
	}
	return ""
}

// planted begins the names of files that hostile servers make where they must not.
const planted = "hostile-planted"

// checkFiles checks that a run leaves nothing but its report.
func (o *outcome) checkFiles(p place) {
	for _, dir := range []string{p.temp, p.work} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			o.find("%v", err)
		}
		for _, e := range entries {
			o.find("%s is left", filepath.Join(filepath.Base(dir), e.Name()))
		}
	}
	entries, err := os.ReadDir(p.out)
	if err != nil {
		o.find("%v", err)
	}
	known := []string{report.ReportFile, report.JUnitFile, "report.html", "evidence",
		"assay-specs.log"}
	for _, e := range entries {
		if !slices.Contains(known, e.Name()) {
			o.find("the report has the entry %q, expected %v", e.Name(), known)
		}
	}
	for _, dir := range []string{"/", "/tmp", "/var/tmp", "/dev/shm", "/run", "/etc", "/root", p.out,
		p.dir, filepath.Dir(p.dir)} {
		found, _ := filepath.Glob(filepath.Join(dir, planted+"*"))
		for _, path := range found {
			o.find("the server has made %s", path)
			os.Remove(path)
		}
	}
}

// checkMounts checks that no mount is left.
func (b *bench) checkMounts(o *outcome) error {
	now, err := ownMounts()
	if err != nil {
		return err
	}
	for mount := range now {
		if !b.mounts[mount] && (strings.Contains(mount, "assay") || strings.Contains(mount, b.dir)) {
			o.find("a mount is left: %s", mount)
		}
	}
	return nil
}
