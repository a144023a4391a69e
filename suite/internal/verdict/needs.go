package report

import (
	"slices"
	"strings"
)

// isChapter says whether a need is a chapter of the catalogue, and not the ID of
// a requirement.
func (in Input) isChapter(need string) bool {
	return slices.ContainsFunc(in.Requirements, func(r Requirement) bool { return r.Profile == need })
}

// needs resolves what requirements need of one another, each once.
type needs struct {
	in     Input
	index  map[string]int
	judged []verdict
	state  []int // 0 not looked at, 1 being looked at, 2 done
}

// applyNeeds skips the requirements whose needs did not hold. An unknown need
// and a circle of needs are errors of the catalogue.
func (j *judge) applyNeeds(judged []verdict) {
	n := needs{in: j.in, index: map[string]int{}, judged: judged, state: make([]int, len(judged))}
	for i, r := range j.in.Requirements {
		n.index[r.ID] = i
	}
	for i := range judged {
		n.resolve(i)
	}
}

func (n *needs) resolve(i int) {
	if n.state[i] != 0 {
		return
	}
	n.state[i] = 1
	defer func() { n.state[i] = 2 }()
	v := &n.judged[i]
	if v.status == NotClaimed {
		return
	}
	for _, need := range n.in.Requirements[i].Needs {
		id, row, _ := strings.Cut(need, "/")
		k, ok := n.index[id]
		switch {
		case !ok && n.in.isChapter(need):
			continue
		case !ok:
			v.become(Error, "needs "+need+", which the catalogue does not hold")
			return
		case n.state[k] == 1:
			v.become(Error, "needs "+need+", which needs it in turn")
			return
		}
		n.resolve(k)
		on, ok := n.judged[k].named(row)
		switch {
		case !ok:
			v.become(Error, "needs "+need+", which the catalogue does not hold")
			return
		case on.held || v.status == Error || v.status == Skipped:
		case on.deselected && v.status != Failed:
		default:
			v.become(Skipped, "needs "+need+", which "+on.clause(n.in.Requirements[k].Level))
			return
		}
	}
}

// named returns the verdict on the named row, or the whole if name is "".
func (v verdict) named(name string) (verdict, bool) {
	if name == "" || v.status == NotClaimed || len(v.cases) == 0 {
		return v, true // not run: the whole stands for the row
	}
	for _, c := range v.cases {
		if c.name == name {
			return c, true
		}
	}
	return verdict{}, false
}

// become overrides a verdict and those of its rows; what was seen in vain is
// no longer compared.
func (v *verdict) become(s Status, reason string) {
	v.status, v.reason, v.prefix, v.suffix = s, reason, "", ""
	v.held, v.excuse, v.observations = false, nil, nil
	for i := range v.cases {
		v.cases[i].become(s, reason)
	}
}

// clause says what became of a need, after "which".
func (v verdict) clause(level Level) string {
	switch v.status {
	case Failed:
		if level == May {
			return "is not offered"
		}
		return "failed"
	case Observed:
		return "did not hold"
	case KnownFailed:
		return "is a known failure"
	case NotClaimed:
		return "the target does not claim"
	case Error:
		return "ended in an error"
	case Skipped:
		if v.deselected {
			return "was not selected"
		}
		return "was skipped"
	default:
		return "did not pass"
	}
}
