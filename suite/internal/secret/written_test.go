package secret

import (
	"slices"
	"strings"
	"testing"

	"assay/fixtures/pki"
)

// TestWritten checks that every line of a key file is found, and nothing of a
// file without a private key.
func TestWritten(t *testing.T) {
	t.Parallel()
	id, err := pki.New(pki.Spec{Names: []string{"a.test"}, Intermediates: 1})
	if err != nil {
		t.Fatal(err)
	}
	key, err := id.KeyFile(pki.None)
	if err != nil {
		t.Fatal(err)
	}
	texts := Written(append(key, id.ChainPEM()...))
	for line := range strings.Lines(string(key)) {
		line = strings.TrimSpace(line)
		long := len(line) >= shortestLine && !strings.HasPrefix(line, "-----")
		if long && !slices.Contains(texts, line) {
			t.Errorf("the line %q of the key is missing", line)
		}
	}
	if texts := Written(id.ChainPEM()); len(texts) > 0 {
		t.Errorf("certificates alone gave %d texts", len(texts))
	}
}
