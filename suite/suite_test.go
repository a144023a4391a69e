package suite_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	// The ginkgo command takes a package for a suite of its own only if the
	// tests import Ginkgo.
	_ "github.com/onsi/ginkgo/v2"

	"assay/suite"
)

// TestConformance is the suite where Ginkgo's users expect it: go test
// ./suite, or ginkgo -p ./suite. ASSAY_TARGET names the target (default: the
// reference), ASSAY_BIN its executable (default: the reference, built here). Go
// knows nothing of either, so it takes -count=1 to try them again.
func TestConformance(t *testing.T) {
	o := suite.Options{
		Target: os.Getenv("ASSAY_TARGET"),
		Bin:    os.Getenv("ASSAY_BIN"),
		Out:    t.TempDir(),
		Strict: os.Getenv("ASSAY_TARGET") == "",
	}
	if o.Target == "" && o.Bin == "" {
		o.Bin = filepath.Join(t.TempDir(), "assay-server")
		build := exec.Command("go", "build", "-o", o.Bin, "../server/cmd/assay-server")
		if output, err := build.CombinedOutput(); err != nil {
			t.Fatalf("building the reference server: %v\n%s", err, output)
		}
	}
	suite.Run(t, o)
}
