package words

import (
	"strings"
	"testing"

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
		"after a restart\nexpected  one order\nseen      2\n  more": "after a restart; seen 2",
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
