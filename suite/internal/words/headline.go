package report

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxHeadline is the length of the longest one-line reason, in characters, and
// maxExpected of what it says was expected, where it also says what was seen.
const (
	maxHeadline = 200
	maxExpected = 110
)

var (
	timedOut  = regexp.MustCompile(`^(Timed out after|Context was cancelled after) .*s\.$`)
	bareWords = regexp.MustCompile(`^(Expected|Unexpected error:|Value for field .* failed to satisfy matcher\.)$`)
)

// headline condenses a message of any number of lines to the one line that says
// most. Assay's matchers begin one line with what was expected and another with
// what was seen: the headline has both. A matcher library puts an explanation
// first, if the spec gave one; if not, the first words alone ("Expected",
// "Timed out after 1.000s.") say nothing, and the lines that follow are drawn
// together.
func headline(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) > 1 && timedOut.MatchString(lines[0]) {
		lines = lines[1:]
	}
	if len(lines) == 0 {
		return ""
	}
	line := lines[0]
	if bareWords.MatchString(line) {
		line = strings.Join(lines, " ")
	}
	if seen := lineAfter(lines, "expected ", "seen "); seen != "" {
		line = cut(line, maxExpected) + "; " + seen
	}
	return cut(line, maxHeadline)
}

// lineAfter returns the first line with the second beginning that follows one
// with the first.
func lineAfter(lines []string, first, second string) string {
	begins := func(with string) func(string) bool {
		return func(line string) bool { return strings.HasPrefix(line, with) }
	}
	if i := slices.IndexFunc(lines, begins(first)); i >= 0 {
		if k := slices.IndexFunc(lines[i+1:], begins(second)); k >= 0 {
			return lines[i+1+k]
		}
	}
	return ""
}

// cut shortens a text to n characters.
func cut(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n-1]) + "…"
}
