package scenarios

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"assay/scenarios/strictyaml"
)

// Claimed reports whether a target with these profiles claims r: the chapter of
// r, and every chapter that r needs. Requirements that r needs are not
// considered, since whether they passed is known only when results are gathered.
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

// checkNeeds finds needs that name nothing in the catalogue, or that lead back
// to the requirement itself. files are the chapters' files, in the same order.
func (c *Catalogue) checkNeeds(files []*strictyaml.File) {
	for i, chapter := range c.Chapters {
		for j, r := range chapter.Requirements {
			f, key := files[i], fmt.Sprintf("[%d].needs", j)
			for k, need := range r.Needs {
				at := fmt.Sprintf("%s[%d]", key, k)
				switch {
				case need.Chapter == r.Chapter:
					f.Wrong(at, strconv.Quote(need.Chapter)+", its own chapter", "another chapter, or an ID")
				case need.ID != "" && !c.Knows(need.ID):
					f.Expect(at, "an ID of the catalogue, or one of "+strings.Join(ChapterNames(), ", "))
				}
			}
			if circle := c.circle(r.ID, nil); circle != nil {
				f.Wrong(key, "a circle, "+strings.Join(circle, " → "), "needs that do not lead back here")
			}
		}
	}
}

// circle follows needs from id, which path led to, and returns the way back to
// the first requirement of path; nil if there is no way back.
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
