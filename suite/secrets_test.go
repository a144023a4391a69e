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
		if _, found := anyOf(secrets, "a log line with "+line); !found {
			t.Errorf("%q was not taken for a part of the key", line)
		}
	}
	for _, text := range []string{"a log line", string(id.ChainPEM()), "-----BEGIN EC PRIVATE KEY-----"} {
		if secret, found := anyOf(secrets, text); found {
			t.Errorf("%q was found in %q", secret, text)
		}
	}
	if secrets := privateKeys(id.ChainPEM()); len(secrets) > 0 {
		t.Errorf("certificates alone gave %d secrets", len(secrets))
	}
}
