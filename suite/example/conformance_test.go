package main

import (
	"os/exec"
	"path/filepath"
	"testing"

	"assay/suite"
)

// TestConformance runs the suite against the server. Every requirement is a subtest, so
// that one requirement can be run alone:
//
//	go test -run TestConformance/BYO-03
func TestConformance(t *testing.T) {
	little := filepath.Join(t.TempDir(), "little")
	if output, err := exec.Command("go", "build", "-o", little, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	suite.Run(t, suite.Options{Target: "target.yaml", Bin: little, Out: t.TempDir()})
}
