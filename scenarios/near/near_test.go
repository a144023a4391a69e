package near

import (
	"slices"
	"testing"
)

func TestTo(t *testing.T) {
	t.Parallel()
	names := []string{
		"reference", "headscale", "registry", "caddy", "nginx", "haproxy", "ready", "reload",
	}
	for word, want := range map[string][]string{
		"referense": {"reference"},
		"ngnix":     {"nginx"}, // a swap is one difference
		"Caddy":     {"caddy"},
		"head":      {"headscale"},
		"re":        {"ready", "reload", "registry"}, // three at most
		"relaod":    {"reload"},
		"x":         nil,
		"":          nil,
		"apache":    nil,
	} {
		if got := To(word, names); !slices.Equal(got, want) {
			t.Errorf("%q: found %q, expected %q", word, got, want)
		}
	}
}

func TestHint(t *testing.T) {
	t.Parallel()
	names := []string{"BYO-01", "BYO-02", "ACME-01"}
	for word, want := range map[string]string{
		"bio-02":   "; did you mean BYO-02?",
		"BYO-0":    "; did you mean BYO-01 or BYO-02?",
		"nonsense": "",
	} {
		if got := Hint(word, names); got != want {
			t.Errorf("%q: found %q, expected %q", word, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abc", "ab", 1},
		{"kitten", "sitting", 3}, {"é", "e", 1},
	} {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("%q to %q: %d, expected %d", tt.a, tt.b, got, tt.want)
		}
		if got := distance(tt.b, tt.a); got != tt.want {
			t.Errorf("%q to %q: %d, expected %d", tt.b, tt.a, got, tt.want)
		}
	}
}
