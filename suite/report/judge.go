package report

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// verdict is the state of a case, or of a requirement, while it is judged.
type verdict struct {
	name     string // of the case; "" for a requirement
	status   Status
	reason   string // whole text
	prefix   string // before the one-line reason: the case that decided
	suffix   string // after the one-line reason
	duration time.Duration
	excuse   *Excuse
	evidence *Evidence

	held         bool // every assertion held, whether or not that is judged
	deselected   bool
	usedCA       bool
	triedTwice   string
	cases        []verdict // rows; of a requirement without table, one without name
	decider      int       // the case that decided the status
	observations []Observation
}

// judge holds the outcomes and known failures, indexed by ID.
type judge struct {
	in       Input
	outcomes map[string][]Outcome
	known    map[string][]KnownFailure
}

func newJudge(in Input) *judge {
	j := &judge{in: in, outcomes: map[string][]Outcome{}, known: map[string][]KnownFailure{}}
	for _, o := range in.Outcomes {
		j.outcomes[o.ID] = append(j.outcomes[o.ID], o)
	}
	for _, k := range in.Known {
		j.known[k.ID] = append(j.known[k.ID], k)
	}
	return j
}

// requirement judges one requirement, leaving aside what it needs.
func (j *judge) requirement(req Requirement) verdict {
	if !req.Claimed {
		return verdict{status: NotClaimed, reason: j.notClaimed(req)}
	}
	if why, ok := j.in.Deselected[req.ID]; ok {
		return verdict{status: Skipped, reason: notSelected(why), deselected: true}
	}
	v := verdict{}
	for _, name := range rows(req) {
		v.cases = append(v.cases, j.row(req, name))
	}
	v.cases = append(v.cases, j.undeclared(req)...)

	if req.Level == Observe || req.Autocert == Outside {
		for i := range v.cases {
			j.observe(req, &v.cases[i])
		}
	} else {
		j.excuse(req, v.cases)
	}
	v.held = slices.ContainsFunc(v.cases, func(c verdict) bool { return c.held }) &&
		!slices.ContainsFunc(v.cases, func(c verdict) bool { return !c.held && c.status != Skipped })
	v.deselected = !slices.ContainsFunc(v.cases, func(c verdict) bool { return !c.deselected })
	j.decide(req, &v)
	return v
}

// rows returns the names of a requirement's cases; one without a name if it
// has no table.
func rows(req Requirement) []string {
	if len(req.Cases) == 0 {
		return []string{""}
	}
	return req.Cases
}

// row finds the outcome of one case. An outcome of the whole spec (skipped,
// failed in its set-up) stands for every case that has none of its own; a
// whole spec that passed does not, or a case could go missing unnoticed.
func (j *judge) row(req Requirement, name string) verdict {
	v := verdict{name: name}
	if why, ok := j.in.Deselected[req.ID+"/"+name]; ok && name != "" {
		v.status, v.reason, v.deselected = Skipped, notSelected(why), true
		return v
	}
	var own, whole []Outcome
	for _, o := range j.outcomes[req.ID] {
		switch {
		case o.Case == name:
			own = append(own, o)
		case o.Case == "" && o.Status != Passed:
			whole = append(whole, o)
		}
	}
	if len(own) == 0 {
		own = whole
	}
	switch len(own) {
	case 1:
		return fromOutcome(own[0], name)
	case 0:
		v.status, v.reason = j.missing()
	default:
		v.status, v.reason = Error, fmt.Sprintf("%d results for one case: expected exactly one", len(own))
	}
	return v
}

// missing returns the verdict on a case that left no outcome.
func (j *judge) missing() (Status, string) {
	switch {
	case j.in.Interrupted:
		return Skipped, "interrupted before it was finished"
	case j.in.Error != "" && len(j.in.Outcomes) == 0:
		return Skipped, "not run: " + headline(j.in.Error)
	default:
		return Error, "no result: its worker ended before it reported one"
	}
}

// undeclared returns errors for outcomes of cases that the catalogue lacks.
func (j *judge) undeclared(req Requirement) []verdict {
	var vs []verdict
	for _, o := range j.outcomes[req.ID] {
		if o.Case != "" && !slices.Contains(req.Cases, o.Case) {
			v := fromOutcome(o, o.Case)
			v.status, v.held = Error, false
			v.reason = "a result for a case that the catalogue does not hold"
			vs = append(vs, v)
		}
	}
	return vs
}

// decide sets a requirement's status, reason and evidence from its cases.
func (j *judge) decide(req Requirement, v *verdict) {
	for i, c := range v.cases {
		v.duration += c.duration
		v.usedCA = v.usedCA || c.usedCA
		worst := v.cases[v.decider]
		if c.status.rank() < worst.status.rank() || c.status == worst.status && worst.reason == "" && c.reason != "" {
			v.decider = i
		}
		for _, o := range c.observations {
			if o.Name != assertion || c.status == Observed {
				v.observations = append(v.observations, o)
			}
		}
	}
	worst := v.cases[v.decider]
	v.status, v.excuse, v.evidence = worst.status, worst.excuse, worst.evidence
	v.reason, v.suffix = worst.reason, worst.suffix
	if len(v.cases) == 1 {
		return
	}
	if worst.status == Passed {
		if n := count(v.cases, Skipped); n > 0 {
			v.reason = fmt.Sprintf("%d of %d cases skipped", n, len(v.cases))
		}
		j.unexpected(req, v)
		return
	}
	alike := !slices.ContainsFunc(v.cases, func(c verdict) bool {
		return c.status != worst.status || c.reason != worst.reason
	})
	if alike || v.reason == "" {
		return // one reason for all: no case to single out
	}
	v.prefix = worst.name + ": "
	if n := count(v.cases, worst.status); n > 1 {
		v.suffix += fmt.Sprintf(" (%d of %d cases %s)", n, len(v.cases), worst.status)
	}
}

func count(vs []verdict, s Status) int {
	n := 0
	for _, v := range vs {
		if v.status == s {
			n++
		}
	}
	return n
}

func notSelected(why string) string {
	if why == "" {
		return "not selected"
	}
	return "not selected (" + why + ")"
}

// notClaimed names the chapters that keep a requirement from being claimed.
func (j *judge) notClaimed(req Requirement) string {
	var missing []string
	for _, c := range append([]string{req.Profile}, req.Needs...) {
		if j.in.isChapter(c) && !slices.Contains(j.in.Target.Profiles, c) && !slices.Contains(missing, c) {
			missing = append(missing, c)
		}
	}
	if len(missing) == 0 {
		return "the target does not claim it"
	}
	return "the target does not claim " + strings.Join(missing, ", ")
}

func orUnknown(s string) string {
	if s == "" {
		return "(version unknown)"
	}
	return s
}
