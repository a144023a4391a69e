package suite

import (
	"strings"
	"testing"

	"assay/fixtures/pki"
)

// Every line of a key file counts as secret, and so does the key written in
// another way; what everybody may read does not.
func TestPrivateKeysAreFoundInEveryForm(t *testing.T) {
	t.Parallel()
	id, err := pki.New(pki.Spec{Names: []string{"a.test"}, Intermediates: 1})
	if err != nil {
		t.Fatal(err)
	}
	entry, err := pki.AutocertCacheEntry(id) // key and chain in one file
	if err != nil {
		t.Fatal(err)
	}
	secrets := privateKeys(entry)
	for _, line := range strings.Split(string(entry), "\n")[1:3] {
		if _, found := spilled("a log line with "+line, secrets); !found {
			t.Errorf("%q was not taken for a part of the key", line)
		}
	}
	for _, text := range []string{"a log line", string(id.ChainPEM()), "-----BEGIN EC PRIVATE KEY-----"} {
		if line, found := spilled(text, secrets); found {
			t.Errorf("a secret was found in %q", line)
		}
	}
	if secrets := privateKeys(id.ChainPEM()); len(secrets) > 0 {
		t.Errorf("certificates alone gave %d secrets", len(secrets))
	}
}

// A message masks all that it must not show, whatever was found first.
func TestEverySecretOfALineIsMasked(t *testing.T) {
	t.Parallel()
	authorization := strings.Repeat("t", 43) + "." + strings.Repeat("p", 43)
	line, found := spilled("a good line\nkey one, key two, key one, "+authorization+"\n", []string{"one", "two"})
	if want := "key [secret], key [secret], key [secret], [secret]"; !found || line != want {
		t.Errorf("got %q, want %q", line, want)
	}
}
