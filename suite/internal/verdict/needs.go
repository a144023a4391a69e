package verdict

import (
	"strings"

	"assay/scenarios"
	"assay/suite/report"
)

// needs applies what requirements need of one another, each once. It relies on
// the catalogue, which has no need without a requirement and no circle.
type needs struct {
	requirements []scenarios.Requirement
	index        map[string]int // by ID
	judged       []judgement
	done         []bool
}

// applyNeeds skips the requirements whose needs did not hold.
func (j *judge) applyNeeds(judged []judgement) {
	n := needs{
		requirements: j.in.Requirements, index: map[string]int{},
		judged: judged, done: make([]bool, len(judged)),
	}
	for i, r := range n.requirements {
		n.index[r.ID] = i
	}
	for i := range judged {
		n.apply(i)
	}
}

func (n *needs) apply(i int) {
	if n.done[i] {
		return
	}
	n.done[i] = true
	v := &n.judged[i]
	if v.status == report.NotClaimed {
		return
	}
	for _, need := range n.requirements[i].Needs {
		if need.ID == "" {
			continue // a chapter, which decided whether the requirement is claimed
		}
		id, row, _ := strings.Cut(need.ID, "/")
		k := n.index[id]
		n.apply(k)
		on := n.judged[k].named(row)
		switch {
		case on.held || v.status == report.Error || v.status == report.Skipped:
		case on.leftOut && v.status != report.Failed:
		default:
			v.skip("needs " + need.ID + ", which " + on.clause(n.requirements[k].Level))
			return
		}
	}
}

// named returns the judgement of a case, or the whole if name is "" or if the
// requirement was not run.
func (v judgement) named(name string) judgement {
	for _, c := range v.cases {
		if name != "" && c.name == name {
			return c
		}
	}
	return v
}

// skip overrides a judgement and those of its cases. What was observed is
// dropped, since it is not compared.
func (v *judgement) skip(reason string) {
	v.status, v.reason, v.prefix, v.suffix = report.Skipped, reason, "", ""
	v.held, v.didNotHold, v.excuse, v.observations = false, false, nil, nil
	if !v.whole {
		v.evidence = nil // it would only show that the spec did something
	}
	for i := range v.cases {
		v.cases[i].skip(reason)
	}
}

// clause says what became of a need. It stands after "which".
func (v judgement) clause(level scenarios.Level) string {
	switch v.status {
	case report.Failed:
		if level == scenarios.May {
			return "is not offered"
		}
		return "failed"
	case report.Observed:
		return "did not hold"
	case report.KnownFailed:
		return "is a known failure"
	case report.NotClaimed:
		return "the target does not claim"
	case report.Error:
		return "ended in an error"
	case report.Skipped:
		if v.leftOut {
			return "was not selected"
		}
		return "was skipped"
	default:
		return "did not pass"
	}
}
