package render

import (
	"slices"
	"strings"
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

// fewNames is the number of members that nameFew allows.
const fewNames = 6

// names lists the members of the group that a verdict names.
func (g group) names() string {
	switch {
	case g.naming == nameNone:
		return ""
	case g.naming == nameFew && len(g.ids) > fewNames:
		return strings.Join(g.ids[:fewNames], " ") + " …"
	}
	return strings.Join(g.ids, " ")
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
