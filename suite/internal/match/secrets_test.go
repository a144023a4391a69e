package match

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A message masks all that it must not show, whatever was found first.
func TestEverySecretOfALineIsMasked(t *testing.T) {
	t.Parallel()
	find := finder([]string{"one", "two", "one and more"})
	line, found := find("a good line\nkey one, key two, key one and more, cookie\n")
	if want := "key [secret], key [secret], key [secret], cookie"; !found || line != want {
		t.Errorf("found %q, expected %q", line, want)
	}
	cookie := "sid=" + strings.Repeat("t", 43) + "." + strings.Repeat("p", 43)
	if line, found := find("a signed cookie: " + cookie); found {
		t.Errorf("found %q, expected nothing", line)
	}
}

func TestManySecretsAreFoundInLinearTime(t *testing.T) {
	t.Parallel()
	var secrets []string
	for i := range 2000 {
		secrets = append(secrets, fmt.Sprintf("secret number %d", i*7919))
	}
	text := strings.Repeat("a line of the log, with secret number and more\n", 1<<20/47)
	start := time.Now()
	if line, found := finder(secrets)(text); found {
		t.Errorf("found %q", line)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
}
