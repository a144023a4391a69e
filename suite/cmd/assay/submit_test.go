package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/suite/internal/page"
	"assay/suite/report"
)

// reports are the committed reports of real servers.
const reports = "../../../fixtures/targets/reports"

func absolute(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// withPage copies a report to a directory that holds its page too, and returns the
// name of the copy.
func withPage(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{report.ReportFile: content, page.File: nil} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, report.ReportFile)
}

// A run is linked to its page if there is one.
func TestMatrix(t *testing.T) {
	t.Parallel()
	nginx := withPage(t, filepath.Join(reports, "nginx", report.ReportFile))
	caddy := absolute(t, filepath.Join(reports, "caddy", report.ReportFile))
	code, output := run(t, "report", nginx, caddy)
	if code != 0 {
		t.Fatalf("exit %d:\n%s", code, output)
	}
	expectTexts(t, output, "| chapter | [nginx 1.22.1](", "caddy 2.6.2", "| **BYO-02** ",
		"⚑ known to fail")
	if strings.Contains(output, "caddy/"+page.File) {
		t.Errorf("found a link to a page that does not exist, expected none:\n%s", output)
	}
	code, output = run(t, "report", nginx, caddy, "--format", "html", "--max-age", "1")
	if code != 0 || strings.Contains(output, "<script>alert") {
		t.Fatalf("exit %d:\n%.400s", code, output)
	}
	expectTexts(t, output, "<!doctype html>", `id="x-n-2-BYO-02"`)

	out := t.TempDir()
	if code, output := run(t, "report", nginx, caddy, "--out", out); code != 0 || output != "" {
		t.Fatalf("exit %d:\n%s", code, output)
	}
	for name, text := range map[string]string{
		"matrix.html": "<!doctype html>", "matrix.md": "## Assay: nginx",
	} {
		content, err := os.ReadFile(filepath.Join(out, name))
		if err != nil || !strings.HasPrefix(string(content), text) {
			t.Errorf("%s: found %v, %.80s, expected %q", name, err, content, text)
		}
	}
	for flag, text := range map[string]string{
		"--format=json": "--format: found json for 2 reports",
		"--badge=x.svg": "--badge: found 2 reports",
	} {
		code, output := run(t, "report", nginx, caddy, flag)
		if code != 2 || !strings.Contains(output, text) {
			t.Errorf("%s: exit %d, expected 2 and %q in:\n%s", flag, code, text, output)
		}
	}
}

func TestBadge(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "badge.svg")
	nginx := absolute(t, filepath.Join(reports, "nginx", report.ReportFile))
	if code, output := run(t, "report", nginx, "--badge", name); code != 0 || output != "" {
		t.Fatalf("exit %d:\n%s", code, output)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	expectTexts(t, string(text), "<svg ", "Assay, nginx ")
}

func TestSubmit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target := filepath.Join(dir, "my.yaml")
	text := "name: my-server\ncommand: [" + server + ", --config, \"{{.ConfigFile}}\"]\n" +
		"env: {API_TOKEN: planted0123456789}\nconfig: {base: {}}\nprofiles: [byo]\n"
	if err := os.WriteFile(target, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	out, to := filepath.Join(dir, "report"), filepath.Join(dir, "submission")
	if code, output := run(t, "run", "--target", target, "--only", "BYO-01", "--out", out); code != 0 {
		t.Fatalf("exit %d:\n%s", code, output)
	}
	code, output := run(t, "submit", "--report", out, "--to", to)
	if code != 2 {
		t.Errorf("exit %d without a target file, expected 2", code)
	}
	expectTexts(t, output, `--target: found nothing for the target "my-server"`)
	args := []string{
		"submit",
		"--report",
		out,
		"--target",
		target,
		"--server-version",
		"v1.2.3",
		"--to",
		to,
	}
	if code, output = run(t, args...); code != 0 {
		t.Fatalf("exit %d:\n%s", code, output)
	}
	expectTexts(t, output, "note: the run was asked to try 1 of the ", "the submission is complete")
	entries, err := os.ReadDir(to)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(to, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, private := range []string{"planted", dir, filepath.Dir(server)} {
			if strings.Contains(string(content), private) {
				t.Errorf("%s holds %s", entry.Name(), private)
			}
		}
	}
	if code, output = run(t, "submit", "--check", to); code != 0 {
		t.Errorf("exit %d:\n%s", code, output)
	}
	if err := os.Remove(filepath.Join(to, "badge.svg")); err != nil {
		t.Fatal(err)
	}
	if code, output = run(t, "submit", "--check", to); code != 2 {
		t.Errorf("exit %d without a badge, expected 2", code)
	}
	expectTexts(t, output, "badge.svg: found no file, expected one")
}

func TestDiffAsPage(t *testing.T) {
	t.Parallel()
	nginx := absolute(t, filepath.Join(reports, "nginx", report.ReportFile))
	caddy := absolute(t, filepath.Join(reports, "caddy", report.ReportFile))
	code, output := run(t, "diff", nginx, caddy, "--format", "html")
	if code != 0 { // every MUST that one of them fails is known to fail
		t.Errorf("exit %d, expected 0", code)
	}
	expectTexts(t, output, "<!doctype html>", "Verdicts that changed", "BYO-02")
}
