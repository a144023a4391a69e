package words

import (
	"regexp"
	"slices"
	"strings"
)

const (
	// maxHeadline is the length of the longest headline, in characters.
	maxHeadline = 200
	// maxExpected is the length of the longest "expected" part of a headline
	// that also has a "seen" part.
	maxExpected = 110
)

// Gomega begins its messages with one of these lines. They say nothing by
// themselves.
var (
	timedOut  = regexp.MustCompile(`^(Timed out after|Context was cancelled after) .*s\.$`)
	bareWords = regexp.MustCompile(
		`^(Expected|Unexpected error:|Value for field .* failed to satisfy matcher\.)$`)
)

// announces matches the end of a line whose sentence goes on in the next line.
var announces = regexp.MustCompile(`( saying| with|:)$`)

// Headline condenses a failure message to the one line that says most.
//
// Assay's matchers write one line that begins with "expected" and one that
// begins with "seen"; the headline has both. Gomega puts the explanation of the
// spec first, if there is one. If there is none, the first line ("Expected",
// "Timed out after 1.000s.") says nothing, and Headline joins the lines after it.
func Headline(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = OneLine(line); line != "" {
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
	if expected, seen := expectedAndSeen(lines); seen != "" {
		if line != expected && !strings.HasPrefix(line, "awaited: ") {
			line += ": " + expected // the line only says where
		}
		line = Shorten(line, maxExpected) + "; " + seen
	}
	return Shorten(line, maxHeadline)
}

// expectedAndSeen returns the first line that begins with "expected", and the first
// after it that begins with "seen", or "". A line that announces what the server
// said is followed by the next one.
func expectedAndSeen(lines []string) (expected, seen string) {
	for i, line := range lines {
		if !strings.HasPrefix(line, "expected ") {
			continue
		}
		rest := lines[i+1:]
		k := slices.IndexFunc(rest, func(s string) bool { return strings.HasPrefix(s, "seen ") })
		if k < 0 {
			return line, ""
		}
		seen := rest[k]
		if announces.MatchString(seen) && k+1 < len(rest) {
			seen += " " + rest[k+1]
		}
		return line, seen
	}
	return "", ""
}
