package scenarios

import (
	"path"
	"slices"
	"strings"
)

// Requirements returns every requirement, in the catalogue's order.
func (c *Catalogue) Requirements() []Requirement {
	var all []Requirement
	for _, chapter := range c.Chapters {
		all = append(all, chapter.Requirements...)
	}
	return all
}

// Find returns the requirement that "ID" or "ID/case" names, and the case, which
// is the zero Case for an ID alone. It reports false for an unknown name.
func (c *Catalogue) Find(name string) (Requirement, Case, bool) {
	id, caseName, wantCase := strings.Cut(name, "/")
	r, ok := c.requirement(id)
	if !ok || !wantCase {
		return r, Case{}, ok
	}
	i := slices.IndexFunc(r.Cases, func(row Case) bool { return row.Name == caseName })
	if i < 0 {
		return Requirement{}, Case{}, false
	}
	return r, r.Cases[i], true
}

// Knows reports whether "ID" or "ID/case" names something in the catalogue.
func (c *Catalogue) Knows(name string) bool {
	_, _, ok := c.Find(name)
	return ok
}

func (c *Catalogue) requirement(id string) (Requirement, bool) {
	for _, chapter := range c.Chapters {
		for _, r := range chapter.Requirements {
			if r.ID == id {
				return r, true
			}
		}
	}
	return Requirement{}, false
}

// Matches reports whether the glob matches anything in the catalogue.
func (c *Catalogue) Matches(glob string) bool {
	for _, r := range c.Requirements() {
		matches := func(row Case) bool { return r.Matches(glob, row.Name) }
		if r.Matches(glob, "") || slices.ContainsFunc(r.Cases, matches) {
			return true
		}
	}
	return false
}

// Matches reports whether a glob selects a case of r; caseName is empty for a
// requirement without cases. A glob without a slash matches IDs and selects all
// their cases ("HTTP01-*"). A glob with a slash matches single cases
// ("BYO-02/dot-dot", "BYO-*/dot-*"). The syntax is that of [path.Match]; a
// malformed glob matches nothing.
func (r Requirement) Matches(glob, caseName string) bool {
	name := r.ID
	if strings.Contains(glob, "/") {
		name += "/" + caseName
	}
	ok, err := path.Match(glob, name)
	return err == nil && ok
}
