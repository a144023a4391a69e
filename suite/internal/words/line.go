package words

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// OneLine joins the words of a text with single spaces.
func OneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Join joins the parts that are not empty with a separator.
func Join(separator string, parts ...string) string {
	nonEmpty := slices.DeleteFunc(slices.Clone(parts), func(s string) bool { return s == "" })
	return strings.Join(nonEmpty, separator)
}

// Wrap breaks a line at spaces into lines of at most width characters. A longer
// word stays whole, so that paths and commands can be copied.
func Wrap(s string, width int) []string {
	var lines, line []string
	length := 0
	for _, word := range strings.Fields(s) {
		n := utf8.RuneCountInString(word)
		if length > 0 && length+1+n > width {
			lines = append(lines, strings.Join(line, " "))
			line, length = nil, 0
		}
		if length > 0 {
			length++
		}
		line, length = append(line, word), length+n
	}
	return append(lines, strings.Join(line, " "))
}

// shorten cuts a text to n characters and ends it with an ellipsis.
func shorten(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n-1]) + "…"
}
