package words

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestHeadline(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                                     "",
		"one line":                             "one line",
		"\n  first  line \nsecond":             "first line",
		"Expected\n    <int>: 1\nto equal\n 2": "Expected <int>: 1 to equal 2",
		"Timed out after 1.000s.\nno listener on 443\nExpected\n x": "no listener on 443",
		"Timed out after 1.000s.\nExpected\n    <bool>: false":      "Expected <bool>: false",
		strings.Repeat("é", 300):                                    strings.Repeat("é", 199) + "…",
		"expected  one order\nseen      2":                          "expected one order; seen 2",
		"after a restart\nexpected  one order\nseen      2\n  more": "" +
			"after a restart: expected one order; seen 2",
		"expected " + strings.Repeat("é", 150) + "\nseen none": "expected " +
			strings.Repeat("é", 100) + "…; seen none",
	} {
		if got := Headline(in); got != want {
			t.Errorf("Headline(%q) = %q, expected %q", in, got, want)
		}
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in    string
		width int
		want  []string
	}{
		{"", 10, []string{""}},
		{"one two three", 7, []string{"one two", "three"}},
		{"één twee", 8, []string{"één twee"}},
		{"a /very/long/path/that/stays b", 8, []string{"a", "/very/long/path/that/stays", "b"}},
		{"any", -1, []string{"any"}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, Wrap(tt.in, tt.width)); diff != "" {
			t.Errorf("%q: %s", tt.in, diff)
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in   string
		n    int
		want string
	}{
		{"abc", 3, "abc"}, {"abcde", 4, "a…"}, {"aébcd", 5, "a…"}, {"aébcd", 6, "aébcd"},
		{"aébcde", 6, "aé…"}, {"", 0, ""}, {"a", 0, "…"},
	} {
		if got := Cut(tt.in, tt.n); got != tt.want {
			t.Errorf("Cut(%q, %d) = %q, expected %q", tt.in, tt.n, got, tt.want)
		}
	}
	for _, text := range []string{"", "short", strings.Repeat("ü", 50), strings.Repeat("\xff", 50)} {
		for bytes := range 60 {
			got := Cut(text, bytes)
			whole := len(text) <= bytes
			if whole && got != text || !whole && (len(got) > max(bytes, 3) ||
				!strings.HasSuffix(got, "…") || utf8.ValidString(text) && !utf8.ValidString(got)) {
				t.Errorf("%q cut at %d bytes: found %q", text, bytes, got)
			}
		}
	}
}

// TestHeadlineEndsWithWhatWasSaid checks that a headline does not end where the words
// of a server would begin.
func TestHeadlineEndsWithWhatWasSaid(t *testing.T) {
	t.Parallel()
	const message = "expected  a refusal\nseen      it exited with code 1, saying\n" +
		"          no such file"
	const want = "expected a refusal; seen it exited with code 1, saying no such file"
	if got := Headline(message); got != want {
		t.Errorf("%q, expected %q", got, want)
	}
}

func TestShellWord(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "''", "a/b-c.yaml": "a/b-c.yaml", "~": "'~'",
		"a b": "'a b'", "it's": `'it'\''s'`, "$x": "'$x'",
	} {
		if got := ShellWord(text); got != want {
			t.Errorf("%q: found %s, expected %s", text, got, want)
		}
	}
}
