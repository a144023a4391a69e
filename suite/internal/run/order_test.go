package run

import (
	"slices"
	"testing"

	"assay/suite/internal/harness"
)

// withSpecs makes up specs for all requirements: this package has none. Some are slow,
// and some judge the schedule.
func withSpecs(t *testing.T, p *plan) {
	t.Helper()
	for i, r := range p.catalogue.Requirements() {
		if harness.Specs[r.ID] == nil {
			harness.Specs[r.ID] = &harness.Spec{Slow: i%5 == 1, SharesSchedule: i%40 == 2}
			t.Cleanup(func() { delete(harness.Specs, r.ID) })
		}
	}
}

// orderOf holds places in an order of starts, of all cases of a kind, ascending.
type orderOf struct{ quick, long, schedule []int }

// summed sorts the places of an order by the kind of spec.
func summed(t *testing.T, p *plan) (o orderOf) {
	t.Helper()
	order := sequence(p)
	for _, r := range p.catalogue.Requirements() {
		for _, row := range r.Rows() {
			place, found := order[r.ID+suffix(row.Name)]
			switch s := harness.Specs[r.ID]; {
			case !found:
				t.Errorf("%s%s is left out", r.ID, suffix(row.Name))
			case s.SharesSchedule:
				o.schedule = append(o.schedule, place)
			case s.Slow:
				o.long = append(o.long, place)
			default:
				o.quick = append(o.quick, place)
			}
		}
	}
	for _, places := range [][]int{o.quick, o.long, o.schedule} {
		slices.Sort(places)
	}
	return o
}

// expectInTurn expects the nth quick requirement of each chapter before the one after it of
// any chapter.
func expectInTurn(t *testing.T, p *plan) {
	t.Helper()
	order := sequence(p)
	last := map[int]int{} // the last place of the nth requirements
	for turn := 0; turn < 50; turn++ {
		for _, chapter := range p.catalogue.Chapters {
			if turn >= len(chapter.Requirements) {
				continue
			}
			r := chapter.Requirements[turn]
			if s := harness.Specs[r.ID]; s.Slow || s.SharesSchedule {
				continue
			}
			for _, row := range r.Rows() {
				place := order[r.ID+suffix(row.Name)]
				last[turn] = max(last[turn], place)
				if before := last[turn-1]; turn > 0 && place < before {
					t.Errorf("%s, number %d of its chapter, has place %d, expected it after %d",
						r.ID, turn+1, place, before)
				}
			}
		}
		last[turn] = max(last[turn], last[turn-1])
	}
}

// TestFailuresFirst checks that all quick specs start first, the chapters in turn, and that
// no case is left out.
func TestFailuresFirst(t *testing.T) {
	p := planOf(t, Options{FailFast: true})
	withSpecs(t, p)
	o := summed(t, p)
	expectInTurn(t, p)
	if n := len(o.quick); o.quick[n-1] != n-1 {
		t.Errorf("a slow spec starts before quick ones, expected it after all %d", n)
	}
}

// TestUsualOrder checks that the chapters take turns, with long specs between quick ones, so
// that a run neither begins nor ends with long ones alone.
func TestUsualOrder(t *testing.T) {
	p := planOf(t, Options{})
	withSpecs(t, p)
	o := summed(t, p)
	expectInTurn(t, p)
	if o.schedule[0] != 0 || o.schedule[1] < o.quick[len(o.quick)-1] {
		t.Errorf("the specs of the schedule have places %v, expected 0 and the last ones", o.schedule)
	}
	if o.long[0] > 16 || o.long[7] < 16 {
		t.Errorf("found the long specs at %v, expected some of the first 16 and not half of them",
			o.long[:8])
	}
	started, _ := slices.BinarySearch(o.quick, o.long[len(o.long)-1])
	if part := 10 * started / len(o.quick); part < 2 || part > 5 {
		t.Errorf("the last long spec starts after %d of %d quick ones, expected a fifth to a half",
			started, len(o.quick))
	}
}
