package render

import (
	"fmt"
	"slices"
	"strings"

	"assay/suite/report/words"
)

// group holds the requirements and cases that have the same reason.
type group struct {
	reason string
	ids    []string // ID or ID/case
	naming naming
}

// naming says how many members of a group a verdict names.
type naming int

const (
	nameAll  naming = iota
	nameFew         // the first ones, where the others would say no more
	nameNone        // none, where the user asked for it
)

const (
	// fewNames is the number of members that nameFew allows.
	fewNames = 6
	// manyNames is the number of members that nameAll allows: as many as a reader
	// looks through. report.json names all.
	manyNames = 40
)

// names lists the members of the group that a verdict names.
func (g group) names() string {
	switch {
	case g.naming == nameNone:
		return ""
	case g.naming == nameFew && len(g.ids) > fewNames:
		return strings.Join(g.ids[:fewNames], " ") + " …"
	case len(g.ids) > manyNames:
		return fmt.Sprintf("%s and %d more", strings.Join(g.ids[:manyNames], " "), len(g.ids)-manyNames)
	}
	return strings.Join(g.ids, " ")
}

// counted returns the number of members and the reason. Cases are counted apart, so
// that the number of requirements is that of the counts.
func (g group) counted() string {
	cases := 0
	for _, id := range g.ids {
		if strings.Contains(id, "/") {
			cases++
		}
	}
	n := len(g.ids)
	switch {
	case g.naming != nameNone || cases == 0:
		return fmt.Sprintf("%d × %s", n, g.reason)
	case cases == n:
		return fmt.Sprintf("%s: %s", words.Plural(n, "case", "cases"), g.reason)
	}
	return fmt.Sprintf("%d × %s, and %s of others", n-cases, g.reason,
		words.Plural(cases, "case", "cases"))
}

// addTo adds a member to the group with a reason, which it creates if necessary.
func addTo(groups []group, reason, id string, n naming) []group {
	i := slices.IndexFunc(groups, func(g group) bool { return g.reason == reason })
	if i < 0 {
		return append(groups, group{reason: reason, ids: []string{id}, naming: n})
	}
	if !slices.Contains(groups[i].ids, id) {
		groups[i].ids = append(groups[i].ids, id)
	}
	return groups
}
