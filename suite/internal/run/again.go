package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/onsi/ginkgo/v2"

	"assay/suite/internal/harness"
	"assay/suite/internal/world"
	"assay/suite/report"
)

// againVariable holds the names of the cases that are tried for the second
// time, as JSON. Without it, workers run all cases that the options select.
const againVariable = "ASSAY_AGAIN"

// judge runs the selected specs and returns their outcomes. A case that failed
// because a time limit passed while this machine was starved is tried again
// when all others have ended, with nothing else beside it.
func (p *plan) judge(interrupted context.Context, inside *world.Run) ([]outcome, error) {
	results := filepath.Join(inside.Scratch(), "outcomes")
	procs := p.setup(inside).Workers(inside.Kind(), min(p.Procs, max(1, p.count())))
	first, err := p.startWorkers(interrupted, inside, results, procs)
	if err != nil {
		return first, err
	}
	if len(first) == 0 && interrupted.Err() == nil {
		return nil, errors.New("the workers ended without results")
	}
	names := starved(first)
	if len(names) == 0 {
		return first, nil
	}
	var second []outcome
	if interrupted.Err() == nil {
		text, err := json.Marshal(names)
		if err != nil {
			return first, err
		}
		os.Setenv(againVariable, string(text))
		second, err = p.startWorkers(interrupted, inside, results+"-again", 1)
		if err != nil {
			return settle(first, second, false), err
		}
	}
	return settle(first, second, interrupted.Err() != nil), nil
}

// starved returns the names of the cases that a starved machine decided.
func starved(outcomes []outcome) (names []string) {
	for _, o := range outcomes {
		if o.Starved != "" {
			names = append(names, o.name())
		}
	}
	return names
}

// settle puts the outcomes of the second try in the place of the first, for the
// cases that a starved machine decided. A case for which the machine was starved
// again, or which had no second try, has no verdict.
func settle(first, second []outcome, interrupted bool) (settled []outcome) {
	again := map[string]outcome{}
	for _, o := range second {
		again[o.name()] = o
	}
	for _, o := range first {
		if o.Starved == "" {
			settled = append(settled, o)
			continue
		}
		why := "a time limit passed while this machine was starved: " + o.Starved
		next, tried := again[o.name()]
		switch {
		case tried && next.Starved == "":
		case tried:
			next.Status = report.Error
			next.Reason = fmt.Sprintf("this machine was starved at both tries, so there is no verdict\n"+
				"at the second try  %s\n%s", next.Starved, next.Reason)
		case interrupted:
			next = o
			next.Status, next.Reason = report.Skipped, "interrupted before the second try\n"+why
		default:
			next = o
			next.Status, next.Reason = report.Error, "its worker ended before the second try\n"+why
		}
		if tried {
			next.TriedTwice = why
			next.Issuances += o.Issuances
		}
		settled = append(settled, next)
	}
	return settled
}

// hopeless is after how many starved cases, one after the other, a worker leaves
// out the rest for as long as the machine is starved: each may take minutes. At
// the first try, the rest is left to the second.
const hopeless = 5

// countStarved counts the cases, one after the other, that a starved machine
// decided.
func (p *plan) countStarved(o outcome) {
	if o.Starved == "" {
		p.starvedInARow = 0
		return
	}
	p.starvedInARow++
}

// skipHopeless ends a spec before it has begun, if the machine starved those
// before it and still does.
func (p *plan) skipHopeless(e *harness.Env) {
	if p.starvedInARow < hopeless || p.recorder == nil {
		return
	}
	const lately = 5 * time.Second
	why, starved := p.recorder.Since(time.Now().Add(-lately)).Starved()
	if !starved {
		p.starvedInARow = 0
		return
	}
	e.Outcome.Deadline = &harness.Deadline{Starved: fmt.Sprintf(
		"it was left out, since the machine starved the %d cases before it, and still did: %s",
		hopeless, why)}
	ginkgo.Skip("left out on a starved machine")
}

// readAgain reads which cases this worker is to try again.
func (p *plan) readAgain() error {
	text := os.Getenv(againVariable)
	if text == "" {
		return nil
	}
	var names []string
	if err := json.Unmarshal([]byte(text), &names); err != nil {
		return fmt.Errorf("%s: %w", againVariable, err)
	}
	p.again = map[string]bool{}
	for _, name := range names {
		p.again[name] = true
	}
	return nil
}
