package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestCanonical(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"BYO-02": "BYO-02", "byo-02": "BYO-02", "byo-2": "BYO-02", "Byo-2/Dot-Dot": "BYO-02/dot-dot",
		"http01-*": "HTTP01-*", "http01-3": "HTTP01-03", "byo-1?": "BYO-1?", "": "", "byo-2/": "BYO-02/",
	} {
		if got := Canonical(name); got != want {
			t.Errorf("%q: found %q, expected %q", name, got, want)
		}
	}
}

func TestMatchesInAnyCase(t *testing.T) {
	t.Parallel()
	c := catalogue(t)
	for glob, want := range map[string]bool{
		"byo-02": true, "byo-2": true, "BYO-02/DOT-DOT": true, "byo-*/dot-*": true, "[a-b]yo-02": true,
		"byo-02/nothing": false, "bio-02": false,
	} {
		if got := c.Matches(glob); got != want {
			t.Errorf("%q matches: %t, expected %t", glob, got, want)
		}
	}
}

func TestSelect(t *testing.T) {
	t.Parallel()
	c := catalogue(t)
	for _, tt := range []struct {
		globs []string
		want  []string // IDs, each with its number of cases
	}{
		{[]string{"byo-2"}, []string{"BYO-02:9"}},
		{[]string{"byo-02/dot-*", "BYO-01"}, []string{"BYO-01:0", "BYO-02:1"}},
		{[]string{"BYO-02/dot-*", "byo-02"}, []string{"BYO-02:9"}},
		{[]string{"Expiry"}, []string{
			"EXPIRY-01:0", "EXPIRY-02:0", "EXPIRY-03:0", "EXPIRY-10:0", "EXPIRY-11:0", "EXPIRY-12:0",
		}},
	} {
		selected, err := c.Select(tt.globs)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range selected.Requirements() {
			got = append(got, fmt.Sprintf("%s:%d", r.ID, len(r.Cases)))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%q: found %q, expected %q", tt.globs, got, tt.want)
		}
		if selected.Digest() != c.Digest() {
			t.Errorf("%q: found the digest %s, expected that of the whole catalogue",
				tt.globs, selected.Digest())
		}
	}
	if _, err := c.Select([]string{"byo-01", "bio-02"}); err == nil ||
		!strings.Contains(err.Error(), "did you mean BYO-02?") {
		t.Errorf("found %v, expected an error with a suggestion", err)
	}
}

func TestHint(t *testing.T) {
	t.Parallel()
	c := catalogue(t)
	for name, want := range map[string]string{
		"bio-02":         "; did you mean BYO-02?",
		"byo-02/dotdot":  "; did you mean BYO-02/dot-dot?",
		"something-else": "",
	} {
		if got := c.Hint(name); got != want {
			t.Errorf("%q: found %q, expected %q", name, got, want)
		}
	}
}
