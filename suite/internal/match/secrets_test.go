package match

import (
	"strings"
	"testing"
)

// A message masks all that it must not show, whatever was found first.
func TestEverySecretOfALineIsMasked(t *testing.T) {
	t.Parallel()
	authorization := strings.Repeat("t", 43) + "." + strings.Repeat("p", 43)
	line, found := spilled("a good line\nkey one, key two, key one, "+authorization+"\n", []string{"one", "two"})
	if want := "key [secret], key [secret], key [secret], [secret]"; !found || line != want {
		t.Errorf("got %q, want %q", line, want)
	}
}
