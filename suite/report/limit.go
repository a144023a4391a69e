package report

import (
	"cmp"
	"slices"
)

// A Limit says how near the target came to a rate limit of the CA that the run stood in
// for. The local CA refuses nothing for it, and nothing is judged by it.
type Limit struct {
	Name  string `json:"name"`  // what is counted, "failed validations in a row"
	Most  int    `json:"most"`  // how often the CA allows it
	Per   string `json:"per"`   // in what time, "with one a day forgiven"
	After string `json:"after"` // what the CA does beyond it, "pauses the account for the name"

	Peak    float64 `json:"peak"`              // the most that was counted at a time in one case
	Nearest string  `json:"nearest,omitempty"` // that case, "RES-32" or "RES-80/no-dns"
	// Refusals are the cases in which the CA would have refused, the earliest first.
	Refusals []Refusal `json:"refusals,omitempty"`
}

// A Refusal says when the CA would have refused in one case.
type Refusal struct {
	In string `json:"in"` // the case, "RES-80/no-dns"
	// Day is on which day of the trouble that would have been, counted from 0.
	Day float64 `json:"day"`
	// Ahead says that the case was shorter, and that the target is taken to go on as it did.
	Ahead bool `json:"ahead,omitempty"`
}

// JoinLimits returns what several cases, or parts of a run, came to together. The limits
// keep the order in which they come first.
func JoinLimits(parts ...[]Limit) []Limit {
	var all []Limit
	for _, part := range parts {
		for _, l := range part {
			i := slices.IndexFunc(all, func(x Limit) bool { return x.Name == l.Name })
			if i < 0 {
				l.Refusals = slices.Clone(l.Refusals)
				all = append(all, l)
				continue
			}
			if l.Peak > all[i].Peak {
				all[i].Peak, all[i].Nearest = l.Peak, l.Nearest
			}
			all[i].Refusals = append(all[i].Refusals, l.Refusals...)
		}
	}
	for i := range all {
		slices.SortStableFunc(all[i].Refusals, func(a, b Refusal) int {
			return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.In, b.In))
		})
	}
	return all
}
