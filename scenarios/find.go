package scenarios

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"assay/scenarios/near"
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

// oneDigit matches an ID whose number lacks its first digit.
var oneDigit = regexp.MustCompile(`^([A-Z0-9]+-)([0-9])$`)

// Canonical returns a name or a glob as the catalogue writes it: the ID in upper
// case with two digits, the name of the case in lower case. So "byo-2/Dot-Dot"
// becomes "BYO-02/dot-dot". It does not check that the catalogue holds the name.
func Canonical(name string) string {
	id, row, slash := strings.Cut(name, "/")
	id = oneDigit.ReplaceAllString(strings.ToUpper(id), "${1}0$2")
	if !slash {
		return id
	}
	return id + "/" + strings.ToLower(row)
}

// Hint returns a clause that follows a message about a name or a glob that is not
// in the catalogue, such as "; did you mean BYO-02?", or "" if nothing is close.
func (c *Catalogue) Hint(name string) string {
	name = Canonical(name)
	id, _, slash := strings.Cut(name, "/")
	var names []string
	for _, r := range c.Requirements() {
		switch {
		case !slash:
			names = append(names, r.ID)
		case r.ID == id:
			for _, row := range r.Cases {
				names = append(names, r.ID+"/"+row.Name)
			}
		}
	}
	return near.Hint(name, names)
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

// Rows returns the cases of a requirement. A requirement without a table has one
// row, the zero [Case].
func (r Requirement) Rows() []Case {
	if len(r.Cases) == 0 {
		return []Case{{}}
	}
	return r.Cases
}

// Select returns a catalogue with the requirements that match at least one of these
// globs, or are in a chapter of this name. If all globs that match a requirement are
// of cases, it has only these cases. A glob that matches nothing is an error.
func (c *Catalogue) Select(globs []string) (*Catalogue, error) {
	for _, glob := range globs {
		if !c.Matches(glob) && !slices.Contains(ChapterNames(), strings.ToLower(glob)) {
			return nil, fmt.Errorf("%q matches no requirement of the catalogue; see: assay list%s",
				glob, c.Hint(glob))
		}
	}
	selected := *c
	selected.Chapters = nil
	for _, chapter := range c.Chapters {
		all := chapter.Requirements
		chapter.Requirements = nil
		for _, r := range all {
			whole := slices.ContainsFunc(globs, func(glob string) bool {
				return strings.EqualFold(glob, chapter.Name) || r.Matches(glob, "")
			})
			if !whole {
				r.Cases = slices.DeleteFunc(slices.Clone(r.Cases), func(row Case) bool {
					matches := func(glob string) bool { return r.Matches(glob, row.Name) }
					return !slices.ContainsFunc(globs, matches)
				})
			}
			if whole || len(r.Cases) > 0 {
				chapter.Requirements = append(chapter.Requirements, r)
			}
		}
		if len(chapter.Requirements) > 0 {
			selected.Chapters = append(selected.Chapters, chapter)
		}
	}
	return &selected, nil
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
// malformed glob matches nothing. It may be written as [Canonical] accepts it, in
// upper or lower case.
func (r Requirement) Matches(glob, caseName string) bool {
	glob = Canonical(glob)
	name := r.ID
	if strings.Contains(glob, "/") {
		name += "/" + caseName
	}
	ok, err := path.Match(glob, name)
	return err == nil && ok
}
