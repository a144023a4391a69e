// Package logline keeps the log readable whatever others send: one line for
// each message, without control characters, of bounded length and number.
package logline

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escape returns the text with everything that a terminal or a log reader could
// misread written as an escape sequence of Go: line breaks, control characters,
// characters that change the direction of text, and bytes that are not UTF-8.
// Printable characters stay as they are.
func Escape(text string) string {
	if strings.IndexFunc(text, misleads) < 0 {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case misleads(r):
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		default:
			b.WriteRune(r)
		}
		text = text[size:]
	}
	return b.String()
}

func misleads(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }

// Shorten escapes the text and cuts it after a number of characters. A text that
// was cut says how many characters of the escaped text are missing.
func Shorten(text string, most int) string {
	text = Escape(text)
	count := utf8.RuneCountInString(text)
	if count <= most {
		return text
	}
	end := 0
	for range most {
		_, size := utf8.DecodeRuneInString(text[end:])
		end += size
	}
	return fmt.Sprintf("%s… (%d more characters)", text[:end], count-most)
}
