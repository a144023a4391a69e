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
	Line     int    // 0 if the problem belongs to no line
	Key      string // empty if the problem belongs to no key
	Found    string // a phrase: what the file holds
	Expected string // a phrase: what is right
}

// Error returns "FILE:LINE: KEY: found …, expected …".
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

// maxLines bounds the lines of [Problems.Error]. A file that is no configuration at all
// can have hundreds of thousands of mistakes.
const maxLines = 50

// Error returns one line for each mistake, but fifty at most, and then the number of
// the others.
func (ps Problems) Error() string {
	var lines []string
	for _, p := range ps[:min(len(ps), maxLines)] {
		lines = append(lines, p.Error())
	}
	if more := len(ps) - maxLines; more > 0 {
		lines = append(lines, fmt.Sprintf("%s: %d more mistakes", ps[0].File, more))
	}
	return strings.Join(lines, "\n")
}

func (ps Problems) sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
}
