package run

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"assay/scenarios"
	"assay/suite/internal/harness"
)

// shardForm matches the value of --shard, "2/3".
var shardForm = regexp.MustCompile(`^([1-9][0-9]*)/([1-9][0-9]*)$`)

// applyShard selects the requirements of the part of the run that --shard names.
// Requirements that need one another, and those that judge the target's schedule,
// are in one part: a need is then judged together with what needs it, and the
// schedule is computed once. All parts of one selection are disjoint, and together
// they are the selection.
func (p *plan) applyShard() error {
	if p.Shard == "" {
		return nil
	}
	form := shardForm.FindStringSubmatch(p.Shard)
	if form == nil {
		return fmt.Errorf("--shard: found %q, expected a part such as 2/3", p.Shard)
	}
	index, err := strconv.Atoi(form[1])
	count, err2 := strconv.Atoi(form[2])
	if err != nil || err2 != nil || index > count {
		return fmt.Errorf("--shard: found %q, expected a part from 1/%s to %[2]s/%[2]s", p.Shard, form[2])
	}
	groups := p.inseparable()
	if count > len(groups) {
		return fmt.Errorf("--shard: found %q, expected at most %d parts: what is selected "+
			"has no more requirements that are independent of each other", p.Shard, len(groups))
	}
	p.shard = map[string]bool{}
	for _, id := range deal(groups, count)[index-1] {
		p.shard[id] = true
	}
	return nil
}

// A group holds requirements that have to be in one part of a run.
type group struct {
	ids   []string
	cases int
}

// inseparable groups the selected requirements, in the order of the catalogue.
func (p *plan) inseparable() []group {
	var order []string
	cases := map[string]int{}
	above := map[string]string{} // a forest: the root of an ID stands for its group
	root := func(id string) string {
		for above[id] != id {
			id = above[id]
		}
		return id
	}
	schedule := ""
	all := p.catalogue.Requirements()
	for _, r := range all {
		for _, row := range r.Rows() {
			if p.selected(r, row.Name) {
				cases[r.ID]++
			}
		}
		if cases[r.ID] > 0 {
			order = append(order, r.ID)
			above[r.ID] = r.ID
		}
	}
	for _, r := range all {
		if cases[r.ID] == 0 {
			continue
		}
		for _, need := range r.Needs {
			if id, _, _ := strings.Cut(need.ID, "/"); cases[id] > 0 {
				above[root(r.ID)] = root(id)
			}
		}
		if s := harness.Specs[r.ID]; s != nil && s.SharesSchedule {
			schedule = cmp.Or(schedule, r.ID)
			above[root(r.ID)] = root(schedule)
		}
	}
	var groups []group
	place := map[string]int{}
	for _, id := range order {
		at, known := place[root(id)]
		if !known {
			at = len(groups)
			place[root(id)] = at
			groups = append(groups, group{})
		}
		groups[at].ids = append(groups[at].ids, id)
		groups[at].cases += cases[id]
	}
	return groups
}

// deal distributes groups over so many parts: the largest first, each to the part
// that has the fewest cases so far. So the parts depend on the groups alone, and
// have about as many cases each.
func deal(groups []group, parts int) [][]string {
	largest := slices.Clone(groups)
	slices.SortStableFunc(largest, func(a, b group) int { return cmp.Compare(b.cases, a.cases) })
	dealt := make([][]string, parts)
	cases := make([]int, parts)
	for _, g := range largest {
		least := slices.Index(cases, slices.Min(cases))
		dealt[least] = append(dealt[least], g.ids...)
		cases[least] += g.cases
	}
	return dealt
}

// inShard reports whether the requirement is in the part of the run that --shard
// names.
func (p *plan) inShard(r scenarios.Requirement) bool { return p.shard == nil || p.shard[r.ID] }
