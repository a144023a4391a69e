package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/onsi/ginkgo/v2"

	"assay/suite/internal/harness"
	"assay/suite/internal/world"
	"assay/suite/report"
)

// againVariable holds an attempt as JSON. Without it, workers run all cases that the
// options select.
const againVariable = "ASSAY_AGAIN"

// An attempt says which cases workers run, after they have run all that are selected.
type attempt struct {
	Names  []string
	Second bool // they are tried for the second time
	Serial int  // specs are numbered from here on
}

// Numbers of specs. No two attempts have the same, because what is left of one must not
// be in the way of another.
const (
	secondSerial = 10000 // of the first spec that is tried for the second time
	roundSerials = 250   // of the specs that one worker runs when others were killed
	mostRounds   = 40    // how often workers are started for one attempt
)

// judge runs the selected specs and returns their outcomes. A case that failed
// because a time limit passed while this machine was starved is tried again
// when all others have ended, with nothing else beside it.
// Unless notice is nil, it gets the outcomes as the cases end.
func (p *plan) judge(
	interrupted context.Context, inside *world.Run, notice func([]outcome),
) ([]outcome, error) {
	results := filepath.Join(inside.Scratch(), "outcomes")
	procs, _ := p.workers(inside.Kind())
	selected := attempt{Names: slices.Collect(maps.Keys(sequence(p)))}
	first, err := p.runCases(interrupted, inside, results, procs, notice, selected)
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
		again := attempt{Names: names, Second: true, Serial: secondSerial}
		second, err = p.runCases(interrupted, inside, results+"-again", 1, notice, again)
		if err != nil {
			return settle(first, second, false), err
		}
	}
	return settle(first, second, interrupted.Err() != nil), nil
}

// runCases starts workers for the cases of an attempt. If workers were killed, it starts
// others for the cases that none has begun: a target that kills its worker costs its case,
// and not the run.
func (p *plan) runCases(interrupted context.Context, inside *world.Run, results string,
	procs int, notice func([]outcome), a attempt) (all []outcome, err error) {
	left := map[string]bool{}
	for _, name := range a.Names {
		left[name] = true
	}
	for round := range mostRounds {
		dir := results
		if round > 0 {
			dir = fmt.Sprintf("%s-%d", results, round)
			a.Names, a.Serial = slices.Collect(maps.Keys(left)), a.Serial+roundSerials
		}
		if round > 0 || a.Second {
			text, err := json.Marshal(a)
			if err != nil {
				return all, err
			}
			os.Setenv(againVariable, string(text))
		}
		ended, lost, err := p.startWorkers(interrupted, inside, dir, min(procs, len(left)), notice)
		all = append(append(all, ended...), lost...)
		for _, o := range append(ended, lost...) {
			delete(left, o.name())
		}
		if err != nil || len(left) == 0 || len(ended)+len(lost) == 0 || interrupted.Err() != nil {
			return all, err
		}
		if notice != nil {
			notice(lost)
		}
	}
	return all, nil
}

// workers returns how many workers judge the specs in a kind of world, and why.
func (p *plan) workers(kind world.Kind) (n int, why string) {
	cases := max(1, p.count())
	wanted := min(p.Procs, cases)
	n = p.setup(nil).Workers(kind, wanted)
	switch {
	case n < wanted:
		return n, "the target's ports are fixed, and there are no namespaces"
	case cases < p.Procs:
		return n, "one for each case"
	case p.procsWhy == "":
		return n, "--procs"
	}
	return n, p.procsWhy
}

// whyAgain says why a case is tried again.
func whyAgain(o outcome) string {
	if o.ClockSet {
		return o.Starved
	}
	return "a time limit passed while this machine was starved: " + o.Starved
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
		why := whyAgain(o)
		next, tried := again[o.name()]
		switch {
		case tried && next.Starved == "":
		case tried:
			next.Status = report.Error
			next.Reason = fmt.Sprintf("this machine was starved, or its clock was set, at both tries, so "+
				"there is no verdict\n"+
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
	var a attempt
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return fmt.Errorf("%s: %w", againVariable, err)
	}
	p.again, p.second, p.serial = map[string]bool{}, a.Second, a.Serial
	for _, name := range a.Names {
		p.again[name] = true
	}
	return nil
}
