package scenarios

import (
	"slices"
	"strings"
)

// Claimed reports whether a target with these profiles claims r: r's chapter,
// and every chapter that r needs. Needed IDs are another matter: they are
// looked at when results are gathered.
func Claimed(r Requirement, profiles []string) bool {
	if !slices.Contains(profiles, r.Chapter) {
		return false
	}
	for _, need := range r.Needs {
		if need.Chapter != "" && !slices.Contains(profiles, need.Chapter) {
			return false
		}
	}
	return true
}

// checkNeeds finds needs that name nothing, or in a circle one another.
func (c *Catalogue) checkNeeds(wrong *mistakes) {
	for _, r := range c.Requirements() {
		for _, need := range r.Needs {
			switch {
			case need.Chapter == r.Chapter:
				wrong.add(r.File, r.Line, r.ID+": needs", quote(need.Chapter)+", its own chapter", "another chapter, or an ID")
			case need.ID != "" && !c.Knows(need.ID):
				wrong.add(r.File, r.Line, r.ID+": needs", quote(need.ID), "an ID of the catalogue, or "+oneOf(ChapterNames()))
			}
		}
		if circle := c.circle(r.ID, nil); circle != nil {
			wrong.add(r.File, r.Line, r.ID+": needs", "a circle, "+strings.Join(circle, " → "), "needs that end somewhere")
		}
	}
}

// circle follows needs from the last of path and returns the way back to its
// first requirement, nil if none leads there.
func (c *Catalogue) circle(id string, path []string) []string {
	id, _, _ = strings.Cut(id, "/")
	if len(path) > 0 && path[0] == id {
		return append(slices.Clone(path), id)
	}
	if slices.Contains(path, id) {
		return nil // another circle, reported where it begins
	}
	r, ok := c.requirement(id)
	if !ok {
		return nil
	}
	path = append(slices.Clone(path), id)
	for _, need := range r.Needs {
		if need.ID == "" {
			continue
		}
		if found := c.circle(need.ID, path); found != nil {
			return found
		}
	}
	return nil
}
