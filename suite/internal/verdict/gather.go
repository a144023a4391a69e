package report

import (
	"slices"
	"strings"
	"time"
)

// Gather judges outcomes and returns the report of the run. It changes nothing
// that it is given and depends on nothing else.
//
//   - A requirement has the worst status of its cases, in the order of
//     [Statuses]; so it is skipped only if all its cases are.
//   - OBSERVE, and whatever lies outside its autocert range, is observed; a
//     failed assertion becomes an observation. An error stays an error.
//   - A requirement whose need did not hold is skipped, whatever it found.
//     Where the need was left out of the run, only a failure is skipped: it
//     could not be judged.
//   - A claimed and selected case without outcome is an error, never a pass.
//   - Secrets are redacted and observations masked.
func Gather(in Input) *Report {
	r := &Report{
		Schema: Schema, Suite: in.Suite, Target: in.Target,
		World: in.World, WorldReason: in.WorldReason, CA: in.CA, Go: in.Go, OS: in.OS,
		Started:    in.Started.UTC().Truncate(time.Second),
		DurationMS: in.Duration.Milliseconds(), CPUMS: in.CPU.Milliseconds(),
		Issuances: in.Issuances,
		Error:     in.Error, Strict: in.Strict, Interrupted: in.Interrupted,
	}
	if r.Target.Profiles == nil {
		r.Target.Profiles = []string{}
	}
	j := newJudge(in)
	judged := make([]verdict, len(in.Requirements))
	for i, req := range in.Requirements {
		judged[i] = j.requirement(req)
	}
	j.applyNeeds(judged)

	r.Results = make([]Result, len(judged))
	for i, req := range in.Requirements {
		r.Results[i] = j.result(req, judged[i])
	}
	r.Error = joinLines(r.Error, j.strays(in.Requirements), nothingSelected(in, judged))
	Redactor{}.report(r)
	r.Summary = summarise(r.Results)
	r.SkippedCases = skippedCases(r.Results)
	r.Exit = ExitCode(r)
	return r
}

// nothingSelected guards against a selection that matches nothing and would
// otherwise end in success.
func nothingSelected(in Input, judged []verdict) string {
	if in.Error != "" || in.Interrupted || len(judged) == 0 {
		return ""
	}
	for _, v := range judged {
		if v.status != NotClaimed && !v.deselected {
			return ""
		}
	}
	return "nothing was run: no requirement is both claimed and selected"
}

// strays names outcomes of requirements that the catalogue does not hold.
func (j *judge) strays(reqs []Requirement) string {
	var ids []string
	for id := range j.outcomes {
		if !slices.ContainsFunc(reqs, func(r Requirement) bool { return r.ID == id }) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return ""
	}
	slices.Sort(ids)
	return "results for IDs that the catalogue does not hold: " + strings.Join(ids, ", ")
}

// skippedCases counts skipped cases of requirements that are not skipped.
func skippedCases(results []Result) int {
	n := 0
	for _, r := range results {
		if r.Status == Skipped || r.Status == NotClaimed {
			continue
		}
		for _, c := range r.Cases {
			if c.Status == Skipped {
				n++
			}
		}
	}
	return n
}

func joinLines(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "\n")
}
