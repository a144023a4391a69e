package match

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onsi/gomega/types"

	"assay/suite/internal/sut"
)

// LogNothingBetween: between the first line with one text and the first with
// another, the server has written no line with any of these words, upper or
// lower case.
func LogNothingBetween(from, to string, words ...string) types.GomegaMatcher {
	expected := fmt.Sprintf("no log line about %s, between those with %s and with %s", strings.Join(words, ", "), from, to)
	return match(expected, func(log []sut.Line) (bool, string) {
		var found []string
		between := false
		for _, line := range log {
			text := strings.ToLower(line.Words())
			switch {
			case strings.Contains(text, from):
				between = true
			case strings.Contains(text, to):
				return len(found) == 0, strings.Join(found, "\n")
			case between && slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) }):
				found = append(found, line.Text)
			}
		}
		return false, "no line with " + to
	})
}

// WarnUnlike: more of the server's log lines contain one of these words, upper
// or lower case, than of the control's. Some servers print their configuration
// when they start, so that a word alone makes no warning. Both have to have
// ended: only then are their logs complete.
func WarnUnlike(control []sut.Line, words ...string) types.GomegaMatcher {
	expected := "a warning that names " + strings.Join(words, " or ") + ", which the control did not log"
	return match(expected, func(log []sut.Line) (bool, string) {
		ours, theirs := linesAbout(log, words), linesAbout(control, words)
		seen := fmt.Sprintf("%d lines, of the control %d\n%s", len(ours), len(theirs), strings.Join(ours, "\n"))
		return len(ours) > len(theirs), seen
	})
}

// linesAbout are the log lines that contain one of these words, upper or lower
// case; server_url is also found in ServerURL.
func linesAbout(log []sut.Line, words []string) []string {
	var found []string
	for _, line := range log {
		for _, word := range words {
			if strings.Contains(plain(line.Words()), plain(word)) {
				found = append(found, line.Text)
				break
			}
		}
	}
	return found
}

// plain is a text without what spellings of a key differ in.
func plain(text string) string {
	return strings.ReplaceAll(strings.ToLower(text), "_", "")
}

// LogOnce: exactly one line of the log contains this text.
func LogOnce(text string) types.GomegaMatcher {
	return match("exactly one log line with "+text, func(log []sut.Line) (bool, string) {
		var found []string
		for _, line := range log {
			if strings.Contains(line.Words(), text) {
				found = append(found, line.Text)
			}
		}
		return len(found) == 1, fmt.Sprintf("%d\n%s", len(found), strings.Join(found, "\n"))
	})
}

// MentionNone succeeds if no line of the log contains one of these words, in upper
// or lower case.
func MentionNone(words ...string) types.GomegaMatcher {
	expected := "no log line about " + strings.Join(words, ", ")
	return match(expected, func(log []sut.Line) (bool, string) {
		var found []string
		for _, line := range log {
			text := strings.ToLower(line.Words())
			if slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) }) {
				found = append(found, line.Text)
			}
		}
		return len(found) == 0, strings.Join(found, "\n")
	})
}
