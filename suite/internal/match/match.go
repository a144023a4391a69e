package match

import (
	"fmt"
	"strings"
	"time"

	"github.com/onsi/gomega/types"
)

// A matcher says what was expected in words, and judges what was seen. Its
// failure message is the two, one under the other.
type matcher struct {
	expected string
	judge    func(actual any) (ok bool, seen string, err error)
	seen     string
	limit    time.Duration // the time limit that is part of the promise, if any
}

// match makes a matcher for values of type T.
func match[T any](expected string, judge func(T) (ok bool, seen string)) types.GomegaMatcher {
	return &matcher{expected: expected, judge: func(actual any) (bool, string, error) {
		value, ok := actual.(T)
		if !ok {
			return false, "", fmt.Errorf("a %T cannot be asked for %s", actual, expected)
		}
		ok, seen := judge(value)
		return ok, seen, nil
	}}
}

func (m *matcher) Match(actual any) (ok bool, err error) {
	ok, m.seen, err = m.judge(actual)
	last.Store(&judged{expected: m.expected, limit: m.limit, actual: actual})
	return ok, err
}

func (m *matcher) FailureMessage(any) string {
	return "expected  " + Indent(m.expected) + "\nseen      " + Indent(m.seen)
}

func (m *matcher) NegatedFailureMessage(any) string {
	return "expected  not " + Indent(m.expected) + "\nseen      " + Indent(m.seen)
}

// within makes a matcher for a promise with a time limit.
func within[T any](limit time.Duration, expected string, judge func(T) (ok bool, seen string)) types.GomegaMatcher {
	m := match(expected, judge).(*matcher)
	m.limit = limit
	return m
}

// Print: a command's output is exactly this.
func Print(want string) types.GomegaMatcher {
	return match("the output\n"+want, func(got string) (bool, string) { return got == want, got })
}

// Indent lines up a text of several lines under its first.
func Indent(text string) string {
	return strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n          ")
}

func FirstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line[:min(len(line), 200)]
}
