package verdict

import (
	"slices"
	"strings"

	"assay/scenarios"
	"assay/suite/report"
)

// notSelected returns the judgement of what an option of the user left out. Name
// is that of a case, or "" for the whole requirement.
func notSelected(name, option string) judgement {
	reason := "not selected"
	if option != "" {
		reason += " (" + option + ")"
	}
	return judgement{name: name, status: report.Skipped, reason: reason, leftOut: true}
}

// notClaimed returns the judgement of a requirement that the target does not
// claim.
func (j *judge) notClaimed(req scenarios.Requirement) judgement {
	chapters := []string{req.Chapter}
	for _, need := range req.Needs {
		if need.Chapter != "" {
			chapters = append(chapters, need.Chapter)
		}
	}
	missing := slices.DeleteFunc(chapters, func(name string) bool {
		return slices.Contains(j.in.Run.Target.Profiles, name)
	})
	return judgement{
		status: report.NotClaimed, unclaimed: missing,
		reason: "the target does not claim " + strings.Join(missing, ", "),
	}
}
