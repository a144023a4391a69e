package run

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"

	"assay/suite/internal/careful"
	"assay/suite/internal/harness"
	"assay/suite/internal/limits"
	"assay/suite/internal/verdict"
	"assay/suite/report"
)

// outcome is the outcome of one case, as its worker leaves it.
type outcome struct {
	verdict.Outcome
	// Began says that the case has begun. There is no outcome yet, and Status is
	// Error, because a case that never ends has no other.
	Began     bool `json:",omitempty"`
	Worker    int  `json:",omitempty"` // the process ID of the worker of a case that has begun
	Issuances int
	// Starved says in words how the machine was starved while the time limit
	// passed that decided a failure, or that its clock was set; empty if none of it
	// was so. ClockSet says which.
	Starved  string
	ClockSet bool `json:",omitempty"`
	// NoContact is that of harness.Outcome.
	NoContact bool `json:",omitempty"`
}

// name returns "ID" or "ID/case".
func (o outcome) name() string { return o.ID + suffix(o.Case) }

// interrupted reports whether the end of the run cut the case short.
func (o outcome) interrupted() bool {
	return o.Status == report.Skipped && o.Reason == harness.Interrupted
}

// outcomeOf returns the outcome of a spec that has ended. It reports false for
// a spec that never began.
func outcomeOf(spec types.SpecReport) (o outcome, ok bool) {
	found, ok := entry(spec)
	if !ok {
		return o, false
	}
	o = outcome{Outcome: found.Outcome, Issuances: found.Issuances,
		NoContact: found.NoContact}
	o.Duration = spec.RunTime
	if o.Status == report.Passed && spec.Failed() { // after the outcome was handed over
		o.Status, o.Reason = report.Error, "cleaning up: "+spec.State.String()
		if spec.State.Is(types.SpecStateInterrupted) {
			o.Status, o.Reason = report.Skipped, harness.Interrupted
		}
	}
	if found.Deadline != nil && o.Status != report.Passed {
		o.Starved, o.ClockSet = found.Deadline.Starved, found.Deadline.ClockSet
	}
	return o, true
}

// unfinished returns the outcome of a spec that began and did not hand one in, because what
// ends it took too long. It reports false for a spec that never began, and for one that an
// interrupted run has ended.
func unfinished(spec types.SpecReport) (o outcome, ok bool) {
	name, _, found := strings.Cut(spec.LeafNodeText, ": ")
	const failed = types.SpecStateFailed | types.SpecStatePanicked | types.SpecStateTimedout
	if !found || !spec.State.Is(failed) {
		return o, false
	}
	o.ID, o.Case, _ = strings.Cut(name, "/")
	o.Status, o.Duration = report.Error, spec.RunTime
	o.Reason = "the case has no outcome, because Assay did not end it in time: " + spec.State.String()
	return o, true
}

// entry returns what the spec itself says of its outcome.
func entry(spec types.SpecReport) (o harness.Outcome, ok bool) {
	for _, e := range spec.ReportEntries {
		if e.Name != harness.EntryName {
			continue
		}
		if o, ok := e.Value.GetRawValue().(harness.Outcome); ok { // in the spec's own process
			return o, true
		}
		if err := json.Unmarshal([]byte(e.Value.AsJSON), &o); err != nil {
			o = harness.Outcome{Outcome: verdict.Outcome{
				Status: report.Error, Reason: "reading the outcome: " + err.Error(),
			}}
		}
		return o, true
	}
	return o, false
}

// noteBegin leaves a line below dir, the directory of the outcomes, that a case has
// begun. Without a directory nobody looks for it.
func noteBegin(dir, id, row string) {
	if dir == "" {
		return
	}
	o := outcome{Outcome: verdict.Outcome{ID: id, Case: row, Status: report.Error},
		Began: true, Worker: os.Getpid()}
	if err := o.write(dir, ginkgo.GinkgoParallelProcess()); err != nil {
		fmt.Fprintln(os.Stderr, "assay: writing that a case began:", err)
	}
}

// write appends the outcome to a worker's file below dir.
func (o outcome) write(dir string, worker int) error {
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, fmt.Sprintf("%d.jsonl", worker))
	file, err := careful.Append(path, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(text, '\n'))
	if closing := file.Close(); err == nil {
		err = closing
	}
	return err
}

// outcomeFiles returns the paths of the files that workers have left below dir so far.
func outcomeFiles(dir string) (paths []string, err error) {
	names, err := careful.Names(dir)
	for _, name := range names {
		if filepath.Ext(name) == ".jsonl" {
			paths = append(paths, filepath.Join(dir, name))
		}
	}
	slices.Sort(paths)
	return paths, err
}

// readOutcomes reads what the workers have left below dir so far: outcomes, and that cases
// have begun. A line that a worker did not write to its end is left out.
func readOutcomes(dir string) (ended, begun []outcome, err error) {
	paths, err := outcomeFiles(dir)
	if err != nil {
		return nil, nil, err
	}
	for _, path := range paths {
		text, err := careful.ReadFile(path, limits.Outcomes)
		if err != nil {
			return ended, begun, err
		}
		for line := range bytes.Lines(text) {
			var o outcome
			if !bytes.HasSuffix(line, []byte("\n")) {
				continue
			}
			if err := json.Unmarshal(line, &o); err != nil {
				return ended, begun, fmt.Errorf("%s: %w", filepath.Base(path), err)
			}
			if o.Began {
				begun = append(begun, o)
			} else {
				ended = append(ended, o)
			}
		}
	}
	return ended, begun, nil
}
