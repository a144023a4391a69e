package match

import (
	"fmt"
	"strings"
	"time"

	"github.com/onsi/gomega/types"
)

// A matcher compares a value with an expectation in words. Its failure message has
// the expectation on the first line and the value on the next.
type matcher struct {
	expected string
	judge    func(actual any) (ok bool, seen string, err error)
	seen     string
	limit    time.Duration // the time limit that is part of the promise, if any
}

// match returns a matcher for values of type T. judge reports whether a value
// matches, and describes the value for the failure message.
func match[T any](expected string, judge func(T) (ok bool, seen string)) types.GomegaMatcher {
	return &matcher{expected: expected, judge: func(actual any) (bool, string, error) {
		value, ok := actual.(T)
		if !ok {
			return false, "", fmt.Errorf("found a value of type %T, expected a %T to match: %s",
				actual, value, expected)
		}
		ok, seen := judge(value)
		return ok, seen, nil
	}}
}

// Match implements [types.GomegaMatcher].
func (m *matcher) Match(actual any) (ok bool, err error) {
	ok, m.seen, err = m.judge(actual)
	last.Store(&judged{expected: m.expected, limit: m.limit, actual: actual})
	return ok, err
}

// FailureMessage implements [types.GomegaMatcher].
func (m *matcher) FailureMessage(any) string {
	return "expected  " + Indent(m.expected) + "\nseen      " + Indent(m.seen)
}

// NegatedFailureMessage implements [types.GomegaMatcher].
func (m *matcher) NegatedFailureMessage(any) string {
	return "expected  not " + Indent(m.expected) + "\nseen      " + Indent(m.seen)
}

// within returns a matcher for a promise with a time limit.
func within[T any](
	limit time.Duration, expected string, judge func(T) (ok bool, seen string),
) types.GomegaMatcher {
	m := match(expected, judge).(*matcher)
	m.limit = limit
	return m
}

// Print succeeds if the output of a command is exactly want.
func Print(want string) types.GomegaMatcher {
	return match("the output\n"+want, func(got string) (bool, string) { return got == want, got })
}

// Indent indents all lines of a text but the first, so that they align with the
// text after "expected" and "seen" in a failure message.
func Indent(text string) string {
	return strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n          ")
}

// FirstLine returns the first line of a text, at most 200 bytes of it.
func FirstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line[:min(len(line), 200)]
}
