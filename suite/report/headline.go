package report

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// maxHeadline is the length of the longest one-line reason, in characters.
const maxHeadline = 160

var (
	timedOut  = regexp.MustCompile(`^(Timed out after|Context was cancelled after) .*s\.$`)
	bareWords = regexp.MustCompile(`^(Expected|Unexpected error:|Value for field .* failed to satisfy matcher\.)$`)
)

// headline condenses a message of any number of lines to the one line that says
// most. A matcher library puts an explanation first, if the spec gave one; if
// not, the first words alone ("Expected", "Timed out after 1.000s.") say
// nothing, and the lines that follow are drawn together.
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
	if utf8.RuneCountInString(line) > maxHeadline {
		line = string([]rune(line)[:maxHeadline-1]) + "…"
	}
	return line
}
