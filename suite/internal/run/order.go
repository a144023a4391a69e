package run

import (
	"slices"

	"assay/scenarios"
	"assay/suite/internal/harness"
)

// sequence says in which order the selected cases start, by "ID" or "ID/case";
// the first has place 0.
//
// Slow specs wait most of their time. Were they all to start first, the
// processors would be idle for seconds, and if they started last too. So one
// of them comes after a few that keep a processor busy. The specs that judge
// the target's schedule wait for the one that computes it: it starts first,
// the others last. What the target's version of autocert does not keep waits
// in vain for as long as a spec may wait: it starts first too.
func sequence(p *plan) map[string]int {
	version := p.target.AutocertVersion()
	var first, vain, slow, busy, last []string
	for _, r := range slices.Backward(p.catalogue.Requirements()) {
		for _, row := range rows(r) {
			if !p.selected(r, row.Name) {
				continue
			}
			list := &busy
			switch s := harness.Specs[r.ID]; {
			case !s.SharesSchedule && r.Autocert.Holds(version) == scenarios.Outside:
				list = &vain
			case s.Slow:
				list = &slow
			case s.SharesSchedule && len(first) == 0:
				list = &first
			case s.SharesSchedule:
				list = &last
			}
			*list = append(*list, r.ID+suffix(row.Name))
		}
	}
	// The last slow one starts when half of the busy ones have.
	between := max(1, len(busy)/2/max(1, len(slow)))
	all := append(first, vain...)
	for len(slow) > 0 {
		n := min(between, len(busy))
		all = append(append(all, slow[0]), busy[:n]...)
		slow, busy = slow[1:], busy[n:]
	}
	all = append(append(all, busy...), last...)

	places := map[string]int{}
	for place, name := range all {
		places[name] = place
	}
	return places
}
