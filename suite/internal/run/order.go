package run

import (
	"slices"

	"assay/scenarios"
	"assay/suite/internal/harness"
)

// sequence returns the place of each selected case in the order of starts, by
// "ID" or "ID/case". The first case has place 0.
//
// Long specs wait most of their time. If they all started first, or all last,
// the processors would be idle for seconds, so each long spec starts after a few
// quick ones that keep a processor busy. The specs that judge the target's schedule
// wait for the one that computes it, so that one starts first and the others
// last.
//
// With FailFast or FastFirst every quick spec starts before any long one.
func sequence(p *plan) map[string]int {
	s := p.sorted()
	if p.FailFast || p.FastFirst {
		return places(s.quick, s.long, s.schedule)
	}
	// The last long spec starts when half of the quick ones have started.
	between := max(1, len(s.quick)/2/max(1, len(s.long)))
	first := min(1, len(s.schedule))
	all := slices.Clone(s.schedule[:first])
	quick := s.quick
	for _, name := range s.long {
		n := min(between, len(quick))
		all = append(append(all, quick[:n]...), name)
		quick = quick[n:]
	}
	return places(all, quick, s.schedule[first:])
}

// places returns the place of each name in the joined lists.
func places(lists ...[]string) map[string]int {
	places := map[string]int{}
	for place, name := range slices.Concat(lists...) {
		places[name] = place
	}
	return places
}

// kinds holds the names of the selected cases by how long their specs take.
type kinds struct{ quick, long, schedule []string }

// sorted returns the selected cases. Those of each kind are in an order that finds the
// mistakes of a broken server soon, and the plain ones before their consequences: the first
// requirement of each chapter, which is its plainest, then the second of each, and so on.
// So no chapter of which a server keeps nothing, and in which each spec waits in vain,
// stands before the others.
//
// A promise that the target's version of autocert does not keep makes its spec wait
// as long as a spec may, so such specs are the first of the long ones.
func (p *plan) sorted() (all kinds) {
	version := p.target.AutocertVersion()
	var outside []string
	for _, r := range p.inTurn() {
		list := &all.quick
		switch s := harness.Specs[r.ID]; {
		case s.SharesSchedule:
			list = &all.schedule
		case r.Autocert.Holds(version) == scenarios.Outside:
			list = &outside
		case s.Slow:
			list = &all.long
		}
		for _, row := range r.Rows() {
			if p.selected(r, row.Name) {
				*list = append(*list, r.ID+suffix(row.Name))
			}
		}
	}
	all.long = append(outside, all.long...)
	return all
}

// inTurn returns the requirements of all chapters, one of each chapter in turn.
func (p *plan) inTurn() (all []scenarios.Requirement) {
	for n := 0; ; n++ {
		before := len(all)
		for _, chapter := range p.catalogue.Chapters {
			if n < len(chapter.Requirements) {
				all = append(all, chapter.Requirements[n])
			}
		}
		if len(all) == before {
			return all
		}
	}
}
