package verdict

import (
	"path"
	"slices"
	"strings"

	"assay/scenarios"
	"assay/suite/report"
	"assay/suite/report/words"
)

// result makes the result of the report from a judgement.
func (j *judge) result(req scenarios.Requirement, v judgement) report.Result {
	r := report.Result{
		ID: req.ID, Title: req.Title, Level: req.Level, Profile: req.Chapter,
		Source: req.Source, Text: req.Text, Why: req.Why,
		Status: v.status, DidNotHold: v.didNotHold, Unclaimed: v.unclaimed,
		LeftOut:    v.status == report.Skipped && v.leftOut,
		DurationMS: v.duration.Milliseconds(), UsedCA: v.usedCA,
		KnownFailure: v.excuse, Observations: v.observations,
	}
	r.Reason, r.Detail = v.words()
	if v.status == report.Failed {
		r.Cause, r.Remedy = v.cause, req.Remedy
	}
	if len(v.cases) > 0 {
		r.Evidence = evidenceIn(req.ID, v.cases[v.decider])
	}
	if j.in.Repeat != nil && toRepeat(v.status) {
		if r.Evidence == nil {
			r.Evidence = &report.Evidence{}
		}
		r.Evidence.Repeat = j.in.Repeat(j.withNeeds(req)...)
	}
	if len(v.cases) == 1 && v.cases[0].name == "" {
		r.TriedTwice = v.cases[0].triedTwice
		return r
	}
	for i, c := range v.cases {
		k := report.Case{
			Case: c.name, Status: c.status, DidNotHold: c.didNotHold,
			LeftOut:    c.status == report.Skipped && c.leftOut,
			DurationMS: c.duration.Milliseconds(), TriedTwice: c.triedTwice,
			KnownFailure: c.excuse,
		}
		k.Reason, k.Detail = c.words()
		if i != v.decider && c.whole { // one case is enough of what passed
			k.Evidence = evidenceIn(req.ID, c)
		}
		r.Cases = append(r.Cases, k)
	}
	return r
}

// toRepeat reports whether a user may want to run again what has this status.
func toRepeat(s report.Status) bool {
	switch s {
	case report.Error, report.Failed, report.KnownFailed, report.UnexpectedPassed:
		return true
	}
	return false
}

// withNeeds returns the ID of a requirement and of those that decide whether it
// is judged.
func (j *judge) withNeeds(req scenarios.Requirement) []string {
	ids := []string{req.ID}
	for i := 0; i < len(ids); i++ {
		for _, r := range j.in.Requirements {
			if r.ID != ids[i] {
				continue
			}
			for _, need := range r.Needs {
				id, _, _ := strings.Cut(need.ID, "/")
				if id != "" && !slices.Contains(ids, id) {
					ids = append(ids, id)
				}
			}
		}
	}
	return ids
}

// words returns the reason on one line, and the whole text if that says more.
func (v judgement) words() (reason, detail string) {
	line := words.Headline(v.reason)
	if line != v.reason {
		detail = v.reason
	}
	return v.prefix + line + v.suffix, detail
}

// evidenceIn returns a copy of the evidence of a case, or nil if the case has none.
// Evidence of a failure gets a directory for its files.
func evidenceIn(id string, c judgement) *report.Evidence {
	if c.evidence == nil {
		return nil
	}
	e := *c.evidence
	e.Case = c.name
	if !c.whole {
		return &e
	}
	e.Dir = path.Join("evidence", fileName(id))
	if c.name != "" {
		e.Dir = path.Join(e.Dir, fileName(c.name))
	}
	if c.packets != "" {
		e.Capture, e.CaptureFile = report.CaptureFile, c.packets
	}
	return &e
}

// fileName makes a name safe for any file system. Names of the catalogue stay as
// they are.
func fileName(name string) string {
	s := strings.Map(func(r rune) rune {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if letter || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r) {
			return r
		}
		return '_'
	}, name)
	if strings.Trim(s, ".") == "" {
		return "_"
	}
	return s
}
