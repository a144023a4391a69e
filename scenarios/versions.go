package scenarios

import (
	"errors"
	"slices"
	"strings"

	"golang.org/x/mod/semver"
)

// A Range describes a set of versions by comparisons that must all hold, as in
// ">= 0.45.0 < 0.58.0". The zero Range holds for every version.
type Range struct {
	text  string
	tests []comparison
}

type comparison struct {
	operator string
	version  string // with the leading v that package semver expects
}

// A Verdict says whether a version is in a [Range].
type Verdict int

// The verdicts of [Range.Holds].
const (
	Holds   Verdict = iota // the version is in the range: the promise is judged
	Outside                // the version is not in the range: the result is only recorded
	Unknown                // the version is unknown: the promise is judged
)

var operators = []string{">=", "<=", ">", "<", "="}

// errRange says what a range looks like. Messages put it after "expected".
var errRange = errors.New(
	`comparisons with full versions, such as ">= 0.45.0" or ">= 0.45.0 < 0.58.0"`)

// ParseRange reads one or more comparisons (>=, >, <=, <, =), all of which
// must hold, separated by spaces. The error says what a range looks like.
func ParseRange(text string) (Range, error) {
	r := Range{text: text}
	words := strings.Fields(text)
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		i := slices.IndexFunc(operators, func(o string) bool { return strings.HasPrefix(word, o) })
		if i < 0 {
			return Range{}, errRange
		}
		version := strings.TrimPrefix(word, operators[i])
		if version == "" && len(words) > 0 { // ">= 0.45.0": the version is the next word
			version, words = words[0], words[1:]
		}
		version = withV(version)
		if !semver.IsValid(version) || strings.Count(version, ".") < 2 {
			return Range{}, errRange
		}
		r.tests = append(r.tests, comparison{operators[i], version})
	}
	if len(r.tests) == 0 {
		return Range{}, errRange
	}
	return r, nil
}

// Holds reports whether version ("v0.58.0", or without the v) is in the range.
// An empty or malformed version, such as that of a development build, is
// Unknown.
func (r Range) Holds(version string) Verdict {
	if len(r.tests) == 0 {
		return Holds
	}
	version = withV(version)
	if !semver.IsValid(version) {
		return Unknown
	}
	if slices.ContainsFunc(r.tests, func(t comparison) bool { return !t.holds(version) }) {
		return Outside
	}
	return Holds
}

func (c comparison) holds(version string) bool {
	order := semver.Compare(version, c.version)
	switch c.operator {
	case ">=":
		return order >= 0
	case ">":
		return order > 0
	case "<=":
		return order <= 0
	case "<":
		return order < 0
	default:
		return order == 0
	}
}

// IsZero reports whether the range holds for every version.
func (r Range) IsZero() bool { return len(r.tests) == 0 }

// String returns the range as the file has it.
func (r Range) String() string { return r.text }

// MarshalText writes a range as a plain string in JSON.
func (r Range) MarshalText() ([]byte, error) { return []byte(r.text), nil }

// UnmarshalText reads a range; see [ParseRange].
func (r *Range) UnmarshalText(text []byte) (err error) {
	*r, err = ParseRange(string(text))
	return err
}

func withV(version string) string {
	return "v" + strings.TrimPrefix(version, "v")
}
