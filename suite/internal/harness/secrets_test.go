package harness

import (
	"slices"
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
		if !holdsAny("a log line with "+line, secrets) {
			t.Errorf("%q was not taken for a part of the key", line)
		}
	}
	for _, text := range []string{"a log line", string(id.ChainPEM()), "-----BEGIN EC PRIVATE KEY-----"} {
		if holdsAny(text, secrets) {
			t.Errorf("a secret was found in %q", text)
		}
	}
	if secrets := privateKeys(id.ChainPEM()); len(secrets) > 0 {
		t.Errorf("certificates alone gave %d secrets", len(secrets))
	}
}

func holdsAny(text string, secrets []string) bool {
	return slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(text, s) })
}
