package report

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// observationChanges pairs observations by kind, name and case, those of one
// name in order, and returns the pairs that differ.
//
// What an assertion said when it failed is evidence, with times and serials:
// that it failed is compared as part of the verdict.
func observationChanges(from, to []Observation) []ObservationChange {
	type key struct {
		kind, name, row string
		nth             int
	}
	index := func(obs []Observation) (keys []key, by map[key]any) {
		by = map[key]any{}
		for _, o := range obs {
			k := key{o.Kind, o.Name, o.Case, 0}
			for _, taken := by[k]; taken; _, taken = by[k] {
				k.nth++
			}
			keys, by[k] = append(keys, k), plain(o.Value)
		}
		return keys, by
	}
	keys, before := index(from)
	more, after := index(to)
	for _, k := range more {
		if _, both := before[k]; !both {
			keys = append(keys, k)
		}
	}
	var changes []ObservationChange
	for _, k := range keys {
		a, b := before[k], after[k]
		if k.name == assertion || reflect.DeepEqual(a, b) {
			continue
		}
		changes = append(changes, ObservationChange{Kind: k.kind, Name: k.name, Case: k.row, From: a, To: b})
	}
	return changes
}

// Lines shows the change line by line: what both values have, indented by two
// spaces, what only one has after "- " or "+ ".
func (c ObservationChange) Lines() []string { return diffLines(valueLines(c.From), valueLines(c.To)) }

// valueLines writes a value with one fact a line.
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
		for _, k := range sortedKeys(v) {
			lines = append(lines, k+": "+valueLine(v[k]))
		}
		return lines
	case string:
		return strings.Split(strings.TrimRight(speakable(v), "\n"), "\n")
	default:
		return []string{valueLine(v)}
	}
}

// valueLine writes a value on one line.
func valueLine(v any) string {
	switch v := v.(type) {
	case string:
		return oneSpace(speakable(v))
	case map[string]any:
		var parts []string
		for _, k := range sortedKeys(v) {
			if text := valueLine(v[k]); text != "" {
				parts = append(parts, k+" "+text)
			}
		}
		return strings.Join(parts, ", ")
	default:
		text, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		return string(text)
	}
}

// diffLines is the shortest edit from a to b; both are short.
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

// alike gathers changes that are the same in several cases.
func alike(changes []ObservationChange) (first []ObservationChange, rows [][]string) {
	for _, c := range changes {
		i := slices.IndexFunc(first, func(o ObservationChange) bool {
			return o.Kind == c.Kind && o.Name == c.Name && reflect.DeepEqual(o.From, c.From) && reflect.DeepEqual(o.To, c.To)
		})
		if i < 0 {
			i = len(first)
			first, rows = append(first, c), append(rows, nil)
		}
		if c.Case != "" {
			rows[i] = append(rows[i], c.Case)
		}
	}
	return first, rows
}
