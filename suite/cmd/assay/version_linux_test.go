package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"assay/suite/report"
)

// TestVersionWithoutCapabilities checks that a target's version command has no
// capabilities, as its server has none.
func TestVersionWithoutCapabilities(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target, out := filepath.Join(dir, "target.yaml"), filepath.Join(dir, "report")
	text := fmt.Sprintf(`
name: curious
version: [sh, -c, "grep CapEff /proc/self/status"]
command: [%q, serve, --config, "{{.ConfigFile}}"]
config: {base: {}}
profiles: [byo]
`, server)
	if err := os.WriteFile(target, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, output := run(t, "run", "--target", target, "--out", out, "--only", "BYO-01")
	if code != report.ExitOK {
		t.Fatalf("exit %d, expected %d:\n%s", code, report.ExitOK, output)
	}
	r, err := report.Read(filepath.Join(out, report.ReportFile))
	if err != nil {
		t.Fatal(err)
	}
	if want := "CapEff:\t0000000000000000"; r.Target.Version != want {
		t.Errorf("the version command printed %q, expected %q", r.Target.Version, want)
	}
}
