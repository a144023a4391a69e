package diff

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"assay/suite/report"
	"assay/suite/report/words"
)

// observationKey names an observation. Those of one name are numbered.
type observationKey struct {
	kind, name, row string
	nth             int
}

// observationChanges pairs the observations of two results by kind, name and
// case, and returns the pairs that differ. A case that was broken in one run may
// have ended before it observed everything, so an observation that is missing
// then does not count.
func observationChanges(a, b *report.Result) []ObservationChange {
	keys, before := indexed(a.Facts())
	more, after := indexed(b.Facts())
	for _, k := range more {
		if _, both := before[k]; !both {
			keys = append(keys, k)
		}
	}
	broken := brokenRows(a, b)
	var changes []ObservationChange
	for _, k := range keys {
		from, to := before[k], after[k]
		missing := from == nil || to == nil
		if reflect.DeepEqual(from, to) || missing && broken[k.row] {
			continue
		}
		changes = append(changes, ObservationChange{
			Kind: k.kind, Name: k.name, Case: k.row, From: from, To: to,
		})
	}
	return changes
}

// indexed returns the values of observations by their keys, and the keys in
// order.
func indexed(obs []report.Observation) (keys []observationKey, values map[observationKey]any) {
	values = map[observationKey]any{}
	for _, o := range obs {
		k := observationKey{o.Kind, o.Name, o.Case, 0}
		for _, taken := values[k]; taken; _, taken = values[k] {
			k.nth++
		}
		keys, values[k] = append(keys, k), o.Value
	}
	return keys, values
}

// brokenRows returns the cases in which an assertion failed in one of the
// results. The requirement itself has the name "".
func brokenRows(results ...*report.Result) map[string]bool {
	broken := map[string]bool{}
	for _, r := range results {
		broken[""] = broken[""] || r.Broken()
		for _, c := range r.Cases {
			broken[c.Case] = broken[c.Case] || c.Broken()
		}
	}
	return broken
}

// Lines returns the change line by line. A line begins with two spaces if both
// values have it, with "- " if only From has it, with "+ " if only To has it.
func (c ObservationChange) Lines() []string {
	return diffLines(valueLines(c.From), valueLines(c.To))
}

// valueLines returns a value with one element or member on each line.
func valueLines(v any) []string {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		if len(v) == 0 {
			return []string{"(none)"}
		}
		var lines []string
		for _, x := range v {
			lines = append(lines, valueLine(x))
		}
		return lines
	case map[string]any:
		var lines []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			lines = append(lines, valueLine(k)+": "+valueLine(v[k]))
		}
		return lines
	case string:
		return strings.Split(strings.TrimRight(words.Printable(v), "\n"), "\n")
	default:
		return []string{valueLine(v)}
	}
}

// valueLine returns a value on one line.
func valueLine(v any) string {
	switch v := v.(type) {
	case string:
		return words.OneLine(words.Printable(v))
	case map[string]any:
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if text := valueLine(v[k]); text != "" {
				parts = append(parts, valueLine(k)+" "+text)
			}
		}
		return strings.Join(parts, ", ")
	default:
		text, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		return words.Printable(string(text))
	}
}

// diffLines returns the shortest edit from a to b. Its time grows with the product
// of their lengths, which are small.
func diffLines(a, b []string) []string {
	// common[i][j] is the length of the longest common subsequence of a[i:], b[j:].
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var out []string
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, "  "+a[i])
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			out = append(out, "- "+a[i])
			i++
		default:
			out = append(out, "+ "+b[j])
			j++
		}
	}
	return out
}

// observationGroup is a change that is the same in several cases.
type observationGroup struct {
	ObservationChange
	rows []string
}

// grouped joins the changes that are the same in several cases.
func grouped(changes []ObservationChange) []observationGroup {
	var groups []observationGroup
	for _, c := range changes {
		i := slices.IndexFunc(groups, func(g observationGroup) bool {
			return g.Kind == c.Kind && g.Name == c.Name &&
				reflect.DeepEqual(g.From, c.From) && reflect.DeepEqual(g.To, c.To)
		})
		if i < 0 {
			i = len(groups)
			groups = append(groups, observationGroup{ObservationChange: c})
		}
		if c.Case != "" {
			groups[i].rows = append(groups[i].rows, c.Case)
		}
	}
	return groups
}

// title names the observation: "schedule renewals (6-days, 45-days)".
func (g observationGroup) title() string {
	text := g.Kind + " " + g.Name
	if len(g.rows) > 0 {
		text += " (" + strings.Join(g.rows, ", ") + ")"
	}
	return words.Printable(text)
}
