package run

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/onsi/ginkgo/v2/types"

	"assay/suite/internal/harness"
	"assay/suite/report"
)

// outcome is the outcome of one case, as its worker leaves it.
type outcome struct {
	report.Outcome
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
	o.Status, o.Reason = status(spec, found)
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
			o = harness.Outcome{Broken: "reading the outcome: " + err.Error()}
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

// status tells a target's failure from Assay's own. A panic is Assay's, and so
// is a spec that ran into Ginkgo's timeout: waits for a target have time limits
// of their own, which fail with what was awaited. If the timeout cut such a wait
// short, and the spec failed for that, the target was the cause.
func status(spec types.SpecReport, o harness.Outcome) (report.Status, string) {
	message := spec.Failure.Message
	switch {
	case o.Broken != "":
		return report.Error, o.Broken
	case spec.State.Is(types.SpecStatePassed):
		return report.Passed, ""
	case spec.State.Is(types.SpecStateSkipped):
		return report.Skipped, message
	case spec.State.Is(types.SpecStateFailed):
		return report.Failed, message
	case spec.State.Is(types.SpecStatePanicked):
		return report.Error, "panic: " + spec.Failure.ForwardedPanic
	case spec.State.Is(types.SpecStateTimedout) && cutShort(spec) != "":
		return report.Failed, cutShort(spec)
	case spec.State.Is(types.SpecStateInterrupted):
		return report.Skipped, "interrupted"
	default:
		return report.Error, spec.State.String() + ": " + message
	}
}

// cutShort returns the failure of a spec whose time was over; "" if it had none.
// Ginkgo puts a line of its own before it.
func cutShort(spec types.SpecReport) string {
	then := spec.Failure.AdditionalFailure
	if then == nil || !then.State.Is(types.SpecStateFailed) {
		return ""
	}
	_, message, _ := strings.Cut(then.Failure.Message, "\n")
	return message + "\n(the time of the whole spec was over)"
}
