package words_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"assay/suite/report/words"
)

// texts are seeds for functions on one text.
var texts = []string{
	"", "plain words", "# heading", "::error::x", "1. one", "12) two", "- a", "~~~", "> q", "===",
	"a|b*c_d`e[f]",
	"\x1b[31mred\x1b[0m", "\u202eback", "\xff\xfe", "a\r\nb\tc", "\u00a0\u2003x", "🙂\u200d🙂",
	"\ufffd", "<b>&amp;",
	"Expected\n    <int>: 1\nto equal\n    <int>: 2", "expected a\nseen it saying:\nb",
	"Timed out after 1.000s.\nx",
	"\\", "\\#", strings.Repeat("word ", 60),
}

func seed(f *testing.F, numbers ...int) {
	f.Helper()
	for i, text := range texts {
		f.Add(text, numbers[i%len(numbers)])
	}
}

// FuzzPrintable checks that what is printable stays as it is, and that nothing else
// comes through.
func FuzzPrintable(f *testing.F) {
	seed(f, 0)
	f.Fuzz(func(t *testing.T, text string, _ int) {
		got := words.Printable(text)
		if again := words.Printable(got); again != got || !utf8.ValidString(got) {
			t.Errorf("%q became %q, and then %q", text, got, again)
		}
		for _, r := range got {
			if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e {
				t.Errorf("%q became %q, which holds %q", text, got, r)
			}
		}
	})
}

// FuzzInline checks that a text becomes a line of Markdown that is no block, has no
// markup, and says what the text says.
func FuzzInline(f *testing.F) {
	seed(f, 0)
	unescape := strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", `\|`, "|", `\*`, "*",
		`\_`, "_",
		"\\`", "`", `\[`, "[", `\]`, "]", `\\`, `\`, `\#`, "#", `\+`, "+", `\=`, "=", `\~`, "~",
		`\:`, ":",
		`\-`, "-", `\.`, ".", `\)`, ")")
	f.Fuzz(func(t *testing.T, text string, _ int) {
		got := words.Inline(text)
		if said := words.OneLine(words.Printable(text)); unescape.Replace(got) != said {
			t.Errorf("%q became %q, which says %q, expected %q", text, got, unescape.Replace(got), said)
		}
		if strings.ContainsAny(got, "\n<>") || got != "" && strings.ContainsAny(got[:1],
			"#+-=~:*_`|[") {
			t.Errorf("%q became %q, expected a line of text", text, got)
		}
	})
}

// FuzzCut checks that a text that is cut is a beginning of the text, no longer than it
// may be, and says that it was cut.
func FuzzCut(f *testing.F) {
	seed(f, 1, 3, 10, 100)
	f.Fuzz(func(t *testing.T, text string, n int) {
		n = max(1, n&0xfff)
		short := words.Shorten(text, n)
		if kept, cut := strings.CutSuffix(short, "…"); short != text && (!cut ||
			utf8.ValidString(text) && !strings.HasPrefix(text, kept)) ||
			utf8.RuneCountInString(short) > n {
			t.Errorf("%q shortened to %d characters: found %q", text, n, short)
		}
		for _, line := range words.Wrap(text, n) {
			if utf8.RuneCountInString(line) > n && strings.Contains(line, " ") {
				t.Errorf("%q wrapped at %d: found the line %q", text, n, line)
			}
		}
		if got := strings.Join(words.Wrap(text, n), " "); got != words.OneLine(text) {
			t.Errorf("%q wrapped at %d: found the words %q", text, n, got)
		}
		if line := words.Headline(text); strings.Contains(line, "\n") ||
			utf8.RuneCountInString(line) > 400 {
			t.Errorf("%q: found the headline %q", text, line)
		}
	})
}
