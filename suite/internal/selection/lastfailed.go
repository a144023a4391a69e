// Package selection selects requirements for options that do not name any, such
// as --last-failed.
package selection

import (
	"slices"
	"strings"

	"assay/scenarios"
	"assay/suite/report"
)

// LastFailed returns what failed in a run, or was an error, as names for --only:
// IDs, or ID/case if the requirement has cases. A SHOULD that failed is among
// them, a MAY that is not offered and a known failure are not. The requirements
// that a name needs follow it, because a failure is judged only together with
// them. What was skipped because a need had failed is among them too: it is judged
// once the need holds. What the catalogue does not hold is left out.
func LastFailed(r *report.Report, catalogue *scenarios.Catalogue) []string {
	var names []string
	add := func(name string) {
		if catalogue.Knows(name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for i := range r.Results {
		x := &r.Results[i]
		if !failed(x.Status) || x.NotOffered() {
			continue
		}
		before := len(names)
		for _, c := range x.Cases {
			if failed(c.Status) {
				add(x.ID + "/" + c.Case)
			}
		}
		if len(names) == before {
			add(x.ID)
		}
		for _, need := range needs(x.ID, catalogue) {
			add(need)
		}
	}
	selected := slices.Clone(names)
	for i := range r.Results {
		x := &r.Results[i]
		if x.Status != report.Skipped || x.LeftOut {
			continue
		}
		all := needs(x.ID, catalogue)
		if slices.ContainsFunc(all, func(id string) bool { return holds(selected, id) }) {
			for _, name := range append([]string{x.ID}, all...) {
				add(name)
			}
		}
	}
	return slices.DeleteFunc(names, func(name string) bool {
		id, _, row := strings.Cut(name, "/")
		return row && slices.Contains(names, id) // all cases of it are selected
	})
}

// holds reports whether names hold a requirement or one of its cases.
func holds(names []string, id string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		of, _, _ := strings.Cut(name, "/")
		return of == id
	})
}

func failed(s report.Status) bool {
	return s == report.Failed || s == report.Error || s == report.UnexpectedPassed
}

// needs returns the requirements and cases that a requirement needs, and those
// that these need.
func needs(id string, catalogue *scenarios.Catalogue) []string {
	var names []string
	queue := []string{id}
	for len(queue) > 0 {
		r, _, _ := catalogue.Find(queue[0])
		queue = queue[1:]
		for _, need := range r.Needs {
			if need.ID != "" && !slices.Contains(names, need.ID) {
				names = append(names, need.ID)
				queue = append(queue, need.ID)
			}
		}
	}
	return names
}
