package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// speakable writes control characters and invalid bytes out (\x1b, \xff), so
// that what a target printed can neither break XML nor command a terminal. Line
// breaks and tabs stay.
func speakable(s string) string {
	clean := func(r rune) bool {
		return r == '\n' || r == '\t' || r != utf8.RuneError && r != '\ufffe' && r != '\uffff' && !unicode.IsControl(r) && !isBidi(r)
	}
	if strings.IndexFunc(s, func(r rune) bool { return !clean(r) }) < 0 {
		return s
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	var b strings.Builder
	for i, r := range s {
		switch {
		case clean(r):
			b.WriteRune(r)
		case r == utf8.RuneError && s[i] != "\ufffd"[0]:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// isBidi reports whether a character changes the direction of the text after
// it, by which a line can be made to read as something else.
func isBidi(r rune) bool {
	return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}
