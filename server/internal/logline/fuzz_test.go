package logline

import (
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzShorten checks that a text becomes printable, stays what it was if it was
// printable, and does not become longer than it may be.
func FuzzShorten(f *testing.F) {
	for _, text := range []string{
		"plain", "a\nb\r\t", "\x1b[2J", "\u202e\u2028", "\xff\xfe", "\ufffd", "\\n", "🙂",
		"\U000e0001", strings.Repeat("ü", 300),
	} {
		f.Add(text, 10)
		f.Add(text, 300)
	}
	f.Fuzz(func(t *testing.T, text string, most int) {
		most &= 0xfff
		escaped := Escape(text)
		for _, r := range escaped {
			if r == utf8.RuneError || !unicode.IsPrint(r) {
				t.Fatalf("%q became %q", text, escaped)
			}
		}
		if again := Escape(escaped); again != escaped {
			t.Errorf("%q became %q, and then %q", text, escaped, again)
		}
		if !strings.ContainsAny(text, "\\\"") {
			if back, err := strconv.Unquote(`"` + escaped + `"`); err != nil || back != text {
				t.Errorf("%q became %q, which says %q (%v)", text, escaped, back, err)
			}
		}
		short := Shorten(text, most)
		kept, _, cut := strings.Cut(short, "… (")
		if short != escaped && (!cut || !strings.HasPrefix(escaped, kept) && !strings.Contains(text,
			"…")) ||
			utf8.RuneCountInString(short) > most+40 {
			t.Errorf("%q shortened to %d characters: found %q", text, most, short)
		}
	})
}
