package run

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/onsi/ginkgo/v2/types"

	"assay/suite/internal/harness"
	"assay/suite/internal/verdict"
	"assay/suite/report"
)

// outcome is the outcome of one case, as its worker leaves it.
type outcome struct {
	verdict.Outcome
	Issuances int
	// Starved says in words how the machine was starved while the time limit
	// passed that decided a failure; empty if none of it was so.
	Starved string
}

// name is "ID" or "ID/case".
func (o outcome) name() string { return o.ID + suffix(o.Case) }

// outcomeOf returns the outcome of a spec that has ended. It reports false for
// a spec that never began.
func outcomeOf(spec types.SpecReport) (o outcome, ok bool) {
	found, ok := entry(spec)
	if !ok {
		return o, false
	}
	o = outcome{Outcome: found.Outcome, Issuances: found.Issuances}
	o.Duration = spec.RunTime
	if o.Status == report.Passed && spec.Failed() { // after the outcome was handed over
		o.Status, o.Reason = report.Error, "cleaning up: "+spec.State.String()
		if spec.State.Is(types.SpecStateInterrupted) {
			o.Status, o.Reason = report.Skipped, "interrupted"
		}
	}
	if found.Deadline != nil && o.Status != report.Passed {
		o.Starved = found.Deadline.Starved
	}
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

// write appends the outcome to a worker's file below dir.
func (o outcome) write(dir string, worker int) error {
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, fmt.Sprintf("%d.jsonl", worker))
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(text, '\n'))
	if closing := file.Close(); err == nil {
		err = closing
	}
	return err
}

// readOutcomes reads what the workers have left below dir so far. A line that a
// worker did not write to its end is left out.
func readOutcomes(dir string) (all []outcome, err error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return all, err
		}
		for line := range bytes.Lines(text) {
			var o outcome
			if !bytes.HasSuffix(line, []byte("\n")) {
				continue
			}
			if err := json.Unmarshal(line, &o); err != nil {
				return all, fmt.Errorf("%s: %w", filepath.Base(path), err)
			}
			all = append(all, o)
		}
	}
	return all, nil
}
