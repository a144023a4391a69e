package suite_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	// The ginkgo command runs a package only if its tests import Ginkgo.
	_ "github.com/onsi/ginkgo/v2"

	"assay/suite"
)

// TestConformance runs the suite with go test ./suite or ginkgo -p ./suite. The
// variable ASSAY_TARGET names the target (default: the reference server), and ASSAY_BIN
// its executable (default: the reference server, which the test builds). Go caches the
// result of the test even if the executable changes; -count=1 runs it again.
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
