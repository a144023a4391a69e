package run

import (
	"slices"

	"assay/scenarios"
	"assay/suite/internal/harness"
)

// sequence returns the place of each selected case in the order of starts, by
// "ID" or "ID/case". The first case has place 0.
//
// Slow specs wait most of their time. If they all started first, or all last,
// the processors would be idle for seconds, so each slow spec starts after a few
// specs that keep a processor busy. The specs that judge the target's schedule
// wait for the one that computes it, so that one starts first and the others
// last. A promise that the target's version of autocert does not keep makes its
// spec wait as long as a spec may, so such specs start early too.
func sequence(p *plan) map[string]int {
	version := p.target.AutocertVersion()
	var first, outside, slow, busy, last []string
	for _, r := range slices.Backward(p.catalogue.Requirements()) {
		for _, row := range r.Rows() {
			if !p.selected(r, row.Name) {
				continue
			}
			list := &busy
			switch s := harness.Specs[r.ID]; {
			case !s.SharesSchedule && r.Autocert.Holds(version) == scenarios.Outside:
				list = &outside
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
	// The last slow spec starts when half of the busy ones have started.
	between := max(1, len(busy)/2/max(1, len(slow)))
	all := append(first, outside...)
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
