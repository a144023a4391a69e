package scenarios

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"assay/scenarios/strictyaml"
)

var (
	idPattern   = regexp.MustCompile(`^([A-Z0-9]+)-([0-9]{2})$`)
	namePattern = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`) // fit for file names, globs and URLs
)

// parse decodes one chapter's file into the chapter. name is the file's name in
// messages.
func parse(name string, text []byte, chapter *Chapter) *strictyaml.File {
	f := strictyaml.Decode(name, text, &chapter.Requirements)
	if len(chapter.Requirements) == 0 {
		f.Expect("", "a list of requirements")
	}
	for i := range chapter.Requirements {
		key := fmt.Sprintf("[%d]", i)
		r := &chapter.Requirements[i]
		r.Chapter, r.File, r.Line = chapter.Name, name, f.Line(key)
		for _, text := range []*string{&r.Title, &r.Source, &r.Text, &r.Why, &r.Remedy, &r.Unbroken} {
			*text = strings.TrimSpace(*text) // a folded text ends in a newline
		}
		checkTwice(f, key+".needs", r.Needs)
		checkTwice(f, key+".worlds", r.Worlds)
		checkCases(f, key+".cases", r)
		combineCases(f, key, r)
	}
	checkIDs(f, chapter)
	return f
}

// checkTwice finds items that a list holds more than once.
func checkTwice[T comparable](f *strictyaml.File, key string, items []T) {
	for i, item := range items {
		if slices.Contains(items[:i], item) {
			at := fmt.Sprintf("%s[%d]", key, i)
			f.Wrong(at, fmt.Sprintf("\"%v\" a second time", item), "each item once")
		}
	}
}

// checkCases checks the names of a requirement's rows.
func checkCases(f *strictyaml.File, key string, r *Requirement) {
	names := make([]string, len(r.Cases))
	for i := range r.Cases {
		c := &r.Cases[i]
		c.File, c.id, names[i] = r.File, r.ID, c.Name
		at := fmt.Sprintf("%s[%d].case", key, i)
		switch {
		case !namePattern.MatchString(c.Name):
			f.Expect(at, "a name of lower-case letters, digits and hyphens")
		case slices.Contains(names[:i], c.Name):
			f.Wrong(at, strconv.Quote(c.Name)+" a second time", "each name once")
		}
	}
}

// combineCases adds the rows of a combination to those that are listed.
func combineCases(f *strictyaml.File, key string, r *Requirement) {
	if r.Combine == nil {
		for _, part := range []string{".except", ".group"} {
			if f.Has(key + part) {
				f.Wrong(key+part, "this key without combine", "this key only together with combine")
			}
		}
		return
	}
	rows, err := r.Combine.rows(r.Except, r.Group)
	if err != nil {
		f.Wrong(key+".combine", err.Error(), "values that can be combined")
	}
	for _, row := range rows {
		row.File, row.id = r.File, r.ID
		if slices.ContainsFunc(r.Cases, func(c Case) bool { return c.Name == row.Name }) {
			f.Wrong(key+".combine", strconv.Quote(row.Name)+" a second time", "each name once")
		}
		r.Cases = append(r.Cases, row)
	}
}

// checkIDs checks form, prefix, order and uniqueness of a chapter's IDs.
func checkIDs(f *strictyaml.File, chapter *Chapter) {
	last, lastID := 0, ""
	for i, r := range chapter.Requirements {
		key := fmt.Sprintf("[%d].id", i)
		match := idPattern.FindStringSubmatch(r.ID)
		if match == nil || match[1] != chapter.Prefix {
			f.Expect(key, chapter.Prefix+"- and two digits")
			continue
		}
		number, _ := strconv.Atoi(match[2]) // two digits, by the pattern
		switch {
		case r.ID == lastID:
			f.Wrong(key, r.ID+" a second time", "each ID once")
		case number <= last:
			f.Wrong(key, r.ID+" after "+lastID, "ascending order")
		default:
			last, lastID = number, r.ID
		}
	}
}
