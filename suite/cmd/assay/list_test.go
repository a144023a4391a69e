package main

import (
	"testing"

	"assay/suite/report"
)

// TestListWithOnly checks that list says how requirements are named for it.
func TestListWithOnly(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--only", "CHAIN-*"}, {"--profile", "CHAIN-*"}} {
		code, output := run(t, append([]string{"list"}, args...)...)
		if code != report.ExitTrouble {
			t.Errorf("%v: exit %d, expected %d", args, code, report.ExitTrouble)
		}
		expectTexts(t, output, "assay list 'CHAIN-*'")
	}
}
