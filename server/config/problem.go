package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one mistake in a configuration file.
type Problem struct {
	File     string
	Line     int    // 0 where no line is to blame
	Key      string // empty where no key is to blame
	Found    string // what the file holds, as a phrase
	Expected string // what would have been right, as a phrase
}

// Error says FILE:LINE: KEY: found …, expected ….
func (p Problem) Error() string {
	var place strings.Builder
	place.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&place, ":%d", p.Line)
	}
	if p.Key != "" {
		fmt.Fprintf(&place, ": %s", p.Key)
	}
	return fmt.Sprintf("%s: found %s, expected %s", &place, p.Found, p.Expected)
}

// Problems are all mistakes of one file, in the order of its lines.
type Problems []Problem

// Error returns the mistakes one a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

func (ps Problems) sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
}
