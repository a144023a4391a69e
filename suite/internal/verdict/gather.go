package verdict

import (
	"slices"
	"strings"
	"time"

	"assay/scenarios"
	"assay/suite/report"
	"assay/suite/report/words"
)

// Gather judges outcomes and returns the report of the run. It changes nothing
// that it is given and depends on nothing else.
//
//   - A requirement has the worst status of its cases, in the order of
//     [report.Statuses]. So it is skipped only if all its cases are.
//   - A requirement of level OBSERVE, and one whose autocert range excludes the
//     target's version, is observed. A failed assertion becomes an observation
//     of it. An error stays an error.
//   - A requirement whose need did not hold is skipped, whatever its spec found.
//     If the user left the need out of the run, only a failure is skipped,
//     because it cannot be judged.
//   - A known failure of certain versions excuses failures of a version that is
//     unknown too, with a note. Such a version may also pass.
//   - A case that is claimed and selected and has no outcome is an error, never
//     a pass.
func Gather(in Input) *report.Report {
	r := in.Run
	r.Schema = report.Schema
	r.Started = r.Started.UTC().Truncate(time.Second)
	if r.Target.Profiles == nil {
		r.Target.Profiles = []string{}
	}
	j := newJudge(in)
	judged := make([]judgement, len(in.Requirements))
	for i, req := range in.Requirements {
		judged[i] = j.requirement(req)
	}
	j.applyNeeds(judged)

	r.Results = make([]report.Result, len(judged))
	for i, req := range in.Requirements {
		r.Results[i] = j.result(req, judged[i])
	}
	r.LeftAside = j.leftAside(r.Results)
	for _, o := range in.Outcomes {
		r.Limits = report.JoinLimits(r.Limits, o.Limits)
	}
	r.Error = words.Join("\n", r.Error, j.strays(), j.nothingSelected(judged))
	r.Conclude()
	return &r
}

// nothingSelected returns an error for a run that selected no requirement, which
// would otherwise succeed.
func (j *judge) nothingSelected(judged []judgement) string {
	if j.in.Run.Error != "" || j.in.Run.Interrupted || len(judged) == 0 {
		return ""
	}
	for _, v := range judged {
		if v.status != report.NotClaimed && !v.leftOut {
			return ""
		}
	}
	return "nothing was run: no requirement is both claimed and selected"
}

// strays returns an error that names outcomes of requirements that are not in the
// catalogue.
func (j *judge) strays() string {
	var ids []string
	for id := range j.outcomes {
		known := func(r scenarios.Requirement) bool { return r.ID == id }
		if !slices.ContainsFunc(j.in.Requirements, known) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return ""
	}
	slices.Sort(ids)
	return "results for IDs that are not in the catalogue: " + strings.Join(ids, ", ")
}
