package words

import (
	"fmt"
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

// Plural returns a number with the word for one thing or for several, as in "1 case"
// and "3 cases".
func Plural(n int, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, several)
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

// Shorten cuts a text to n characters, of which the last is an ellipsis if
// something is cut off.
func Shorten(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n-1]) + "…"
}

// Cut returns a text, or its beginning with an ellipsis, n bytes together, if it has
// more. It cuts between two characters. Everything in
// suite that bounds the size of what a target wrote calls it.
func Cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	const mark = "…"
	end := max(0, n-len(mark))
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + mark
}
