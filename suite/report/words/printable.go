package words

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable replaces control characters, characters that show nothing, and invalid bytes
// with their escapes (\x1b, \u202e, \xff), so that the output of a target can neither break
// XML nor control a terminal. Line breaks and tabs stay; CRLF becomes LF.
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
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
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
	return !unicode.IsControl(r) && !changesReading(r)
}

// changesReading reports whether r shows nothing and can make a text read as something
// else: it changes the direction of what follows, breaks the line, or hides a
// difference. Joiners are left out, without which some scripts cannot be written.
func changesReading(r rune) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	return unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) && r != nonJoiner && r != joiner
}
