package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"assay/suite/internal/page"
	"assay/suite/report"
)

// TestPage checks that a run leaves a page, that assay report prints it again, and
// that neither replaces a page of another program.
func TestPage(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "report")
	args := []string{"run", "--bin", server, "--out", out, "--only", "BYO-01"}
	if code, output := run(t, args...); code != 0 {
		t.Fatalf("exit %d, expected 0:\n%s", code, output)
	}
	written, err := os.ReadFile(filepath.Join(out, page.File))
	if err != nil {
		t.Fatal(err)
	}
	expectTexts(t, string(written), "<h1>", `id="BYO-01"`, "Partial run")
	code, printed := run(t, "report", filepath.Join(out, report.ReportFile), "--format", "html")
	if code != 0 || printed != string(written) {
		t.Errorf("assay report --format html: exit %d, %d bytes; expected 0 and the %d bytes of %s",
			code, len(printed), len(written), page.File)
	}

	foreign := []byte("<html><title>Report of another program</title></html>")
	if err := os.WriteFile(filepath.Join(out, page.File), foreign, 0o600); err != nil {
		t.Fatal(err)
	}
	code, output := run(t, args...)
	if code != report.ExitTrouble {
		t.Errorf("exit %d, expected %d", code, report.ExitTrouble)
	}
	expectTexts(t, output, page.File, "is not a page of Assay")
	text, err := os.ReadFile(filepath.Join(out, page.File))
	if err != nil || !bytes.Equal(text, foreign) {
		t.Errorf("found %q (%v), expected the page of the other program", text, err)
	}
}
