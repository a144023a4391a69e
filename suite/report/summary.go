package report

import "assay/scenarios"

// Counts holds the number of requirements by status. A status that did not
// occur is absent.
type Counts map[Status]int

// Summary counts requirements by level and status.
type Summary struct {
	Must    Counts `json:"MUST"`
	Should  Counts `json:"SHOULD"`
	May     Counts `json:"MAY"`
	Observe Counts `json:"OBSERVE"`
}

// Of returns the counts of one level.
func (s Summary) Of(l scenarios.Level) Counts {
	switch l {
	case scenarios.Must:
		return s.Must
	case scenarios.Should:
		return s.Should
	case scenarios.May:
		return s.May
	default:
		return s.Observe
	}
}

// Total returns the number of requirements with the status at any level.
func (s Summary) Total(status Status) int {
	return s.Must[status] + s.Should[status] + s.May[status] + s.Observe[status]
}

// Conclude sets Summary, SkippedCases, NotSelected and Exit to what follows from the rest of
// the report.
func (r *Report) Conclude() {
	r.Summary = Summary{Must: Counts{}, Should: Counts{}, May: Counts{}, Observe: Counts{}}
	r.SkippedCases, r.NotSelected = 0, 0
	for i := range r.Results {
		x := &r.Results[i]
		r.Summary.Of(x.Level)[x.Status]++
		if x.LeftOut {
			r.NotSelected++
		}
		if x.Status == Skipped || x.Status == NotClaimed {
			continue
		}
		for _, c := range x.Cases {
			if c.Status == Skipped && !c.LeftOut {
				r.SkippedCases++
			}
		}
	}
	r.Exit = ExitCode(r)
}
