package verdict

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/scenarios"
	"assay/suite/internal/sut"
	"assay/suite/report"
	"assay/suite/report/words"
)

// judgement is the state of a case, or of a requirement, while it is judged.
type judgement struct {
	name     string // of the case; "" for a requirement
	status   report.Status
	reason   string // whole text
	cause    string // see [report.Result]
	prefix   string // stands before the one-line reason
	suffix   string // stands after the one-line reason
	duration time.Duration
	excuse   *report.Excuse
	evidence *report.Evidence
	whole    bool   // see [Outcome.Whole]
	packets  string // see [Outcome.Packets]

	held         bool     // every assertion held, whether or not that is judged
	didNotHold   bool     // an assertion failed that is only observed
	leftOut      bool     // by an option of the user
	unclaimed    []string // chapters that the target does not claim
	usedCA       bool
	triedTwice   string
	cases        []judgement // rows; one without a name if there is no table
	decider      int         // index of the case that decided the status
	observations []report.Observation
}

// judge holds outcomes and known failures by ID.
type judge struct {
	in       Input
	outcomes map[string][]Outcome
	known    map[string][]sut.KnownFailure
}

func newJudge(in Input) *judge {
	j := &judge{in: in, outcomes: map[string][]Outcome{}, known: map[string][]sut.KnownFailure{}}
	for _, o := range in.Outcomes {
		j.outcomes[o.ID] = append(j.outcomes[o.ID], o)
	}
	for _, k := range in.Known {
		if j.whyLeftAside(k) == "" {
			j.known[k.ID] = append(j.known[k.ID], k)
		}
	}
	return j
}

// requirement judges one requirement without regard to what it needs.
func (j *judge) requirement(req scenarios.Requirement) judgement {
	if !scenarios.Claimed(req, j.in.Run.Target.Profiles) {
		return j.notClaimed(req)
	}
	if option, ok := j.in.LeftOut[req.ID]; ok {
		return notSelected("", option)
	}
	v := judgement{}
	for _, row := range req.Rows() {
		v.cases = append(v.cases, j.row(req, row.Name))
	}
	v.cases = append(v.cases, j.undeclared(req)...)

	if !j.isJudged(req) {
		for i := range v.cases {
			j.observe(req, &v.cases[i])
		}
	} else {
		j.excuse(req, v.cases)
	}
	v.held = slices.ContainsFunc(v.cases, func(c judgement) bool { return c.held }) &&
		!slices.ContainsFunc(v.cases, func(c judgement) bool {
			return !c.held && c.status != report.Skipped
		})
	v.didNotHold = slices.ContainsFunc(v.cases, func(c judgement) bool { return c.didNotHold })
	v.leftOut = !slices.ContainsFunc(v.cases, func(c judgement) bool { return !c.leftOut })
	j.decide(req, &v)
	return v
}

// isJudged reports whether a requirement can fail. One that cannot is observed.
func (j *judge) isJudged(req scenarios.Requirement) bool {
	return req.Level != scenarios.Observe && !j.outside(req)
}

// outside reports whether the target's version of x/crypto is known and lies
// outside the range for which the requirement holds.
func (j *judge) outside(req scenarios.Requirement) bool {
	return req.Autocert.Holds(j.in.Run.Target.Autocert) == scenarios.Outside
}

// row returns the judgement of one case. An outcome of the whole spec (skipped,
// or failed before its first case) stands for every case that has none of its
// own. A whole spec that passed does not, or a case could be missing unnoticed.
func (j *judge) row(req scenarios.Requirement, name string) judgement {
	if option, ok := j.in.LeftOut[req.ID+"/"+name]; ok && name != "" {
		return notSelected(name, option)
	}
	var own, whole []Outcome
	for _, o := range j.outcomes[req.ID] {
		switch {
		case o.Case == name:
			own = append(own, o)
		case o.Case == "" && o.Status != report.Passed:
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
		status, reason := j.missing()
		return judgement{name: name, status: status, reason: reason}
	default:
		return judgement{name: name, status: report.Error,
			reason: fmt.Sprintf("%d results for one case: expected exactly one", len(own))}
	}
}

// missing returns the verdict on a case without an outcome.
func (j *judge) missing() (report.Status, string) {
	switch run := j.in.Run; {
	case run.Stopped != "":
		return report.Skipped, "not finished: " + run.Stopped
	case run.Interrupted:
		return report.Skipped, "interrupted before it was finished"
	case run.Error != "" && len(j.in.Outcomes) == 0:
		return report.Skipped, "not run: " + words.Headline(run.Error)
	default:
		return report.Error, "no result: its worker ended before it reported one"
	}
}

// fromOutcome returns what a spec reported about a case, before known failures
// and levels are taken into account.
func fromOutcome(o Outcome, name string) judgement {
	v := judgement{
		name: name, status: o.Status, reason: o.Reason, duration: o.Duration,
		held: o.Status == report.Passed, usedCA: o.UsedCA, triedTwice: o.TriedTwice,
		evidence: o.Evidence, whole: o.Whole, packets: o.Packets, cause: o.Cause,
	}
	switch o.Status {
	case report.Passed:
		v.reason = ""
	case report.Failed, report.Skipped, report.Error:
		if v.reason == "" {
			v.reason = "the spec gave no reason"
		}
	default:
		v.status, v.reason = report.Error, fmt.Sprintf("a spec reported the status %q", o.Status)
	}
	for _, x := range o.Observations {
		x.Case = name
		v.observations = append(v.observations, x)
	}
	return v
}

// undeclared returns errors for outcomes of cases that are not in the catalogue.
func (j *judge) undeclared(req scenarios.Requirement) []judgement {
	var vs []judgement
	for _, o := range j.outcomes[req.ID] {
		named := func(c scenarios.Case) bool { return c.Name == o.Case }
		if o.Case == "" || slices.ContainsFunc(req.Cases, named) {
			continue
		}
		v := fromOutcome(o, o.Case)
		v.status, v.held = report.Error, false
		v.reason = "a result for a case that is not in the catalogue"
		vs = append(vs, v)
	}
	return vs
}

// observe turns a judged case into a recorded one.
func (j *judge) observe(req scenarios.Requirement, v *judgement) {
	if v.status != report.Passed && v.status != report.Failed {
		return
	}
	var outside, failed string
	if j.outside(req) {
		outside = fmt.Sprintf("autocert %s is outside the range %q",
			j.in.Run.Target.Autocert, req.Autocert)
	}
	if v.status == report.Failed {
		v.didNotHold = true
		failed = "does not hold: " + words.Headline(v.reason)
	}
	v.status, v.reason = report.Observed, words.Join("; ", outside, failed)
}

// decide sets status, reason and evidence of a requirement from its cases.
func (j *judge) decide(req scenarios.Requirement, v *judgement) {
	for i, c := range v.cases {
		v.duration += c.duration
		v.usedCA = v.usedCA || c.usedCA
		worst := v.cases[v.decider]
		if c.status.WorseThan(worst.status) ||
			c.status == worst.status && worst.reason == "" && c.reason != "" {
			v.decider = i
		}
		for _, o := range c.observations {
			if o.Name != report.Assertion || c.status == report.Observed {
				v.observations = append(v.observations, o)
			}
		}
	}
	worst := v.cases[v.decider]
	v.status, v.excuse, v.evidence = worst.status, worst.excuse, worst.evidence
	v.reason, v.suffix = worst.reason, worst.suffix
	v.cause = commonCause(v.cases)
	if len(v.cases) == 1 {
		return
	}
	if worst.status == report.Passed {
		v.reason = without(v.cases)
		j.unexpected(req, v)
		return
	}
	differ := slices.ContainsFunc(v.cases, func(c judgement) bool {
		return c.status != worst.status || c.reason != worst.reason
	})
	if !differ || v.reason == "" {
		return // no case to single out
	}
	v.prefix = worst.name + ": "
	if n := count(v.cases, worst.status); n > 1 {
		v.suffix += fmt.Sprintf(" (%d of %d cases %s)", n, len(v.cases), worst.status)
	}
}

// commonCause returns the cause of the cases that failed. It returns "" if they did not
// all fail for one: what a case failed for has to be shown.
func commonCause(cases []judgement) (cause string) {
	first := true
	for _, c := range cases {
		switch {
		case c.status != report.Failed:
		case first:
			cause, first = c.cause, false
		case c.cause != cause:
			return ""
		}
	}
	return cause
}

// without says how many cases of a requirement that passed have no verdict.
func without(cases []judgement) string {
	leftOut := 0
	for _, c := range cases {
		if c.leftOut {
			leftOut++
		}
	}
	var parts []string
	if n := count(cases, report.Skipped) - leftOut; n > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d cases skipped", n, len(cases)))
	}
	if leftOut > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d cases not selected", leftOut, len(cases)))
	}
	return strings.Join(parts, ", ")
}

func count(vs []judgement, s report.Status) int {
	n := 0
	for _, v := range vs {
		if v.status == s {
			n++
		}
	}
	return n
}
