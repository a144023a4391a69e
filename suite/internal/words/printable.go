package words

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable replaces control characters and invalid bytes with their escapes
// (\x1b, \xff), so that the output of a target can neither break XML nor control
// a terminal. Line breaks and tabs stay; CRLF becomes LF.
func Printable(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return !isPrintable(r) }) < 0 {
		return s
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	var b strings.Builder
	for i, r := range s {
		switch {
		case isPrintable(r):
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

// isPrintable reports whether r is safe in a terminal and allowed in XML 1.0.
func isPrintable(r rune) bool {
	switch r {
	case '\n', '\t':
		return true
	case utf8.RuneError, '\ufffe', '\uffff':
		return false
	}
	return !unicode.IsControl(r) && !changesDirection(r)
}

// changesDirection reports whether r changes the direction of the text after
// it, which can make a line read as something else.
func changesDirection(r rune) bool {
	return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}
