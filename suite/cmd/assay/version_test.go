package main

import (
	"strings"
	"testing"
)

func TestVersion(t *testing.T) {
	t.Parallel()
	code, word := run(t, "version")
	if code != 0 || !strings.HasPrefix(word, "assay ") || strings.Count(word, "\n") != 1 {
		t.Errorf("assay version: exit %d, %q; expected 0 and one line that begins with assay", code, word)
	}
	if code, flag := run(t, "--version"); code != 0 || flag != word {
		t.Errorf("assay --version: exit %d, %q; expected 0 and %q", code, flag, word)
	}
}
