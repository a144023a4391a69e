package suite_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/suite"
	"assay/suite/internal/render"
	"assay/suite/report"
)

// TestSecretsOfATargetAreNotPublished runs a target that prints its private key in
// several forms and ends. It searches what the run leaves in files and writes to
// the terminal, Ginkgo's own output included, for every key that the target had.
func TestSecretsOfATargetAreNotPublished(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		noProbe bool
		exit    int
	}{
		{"the probe fails", false, report.ExitTrouble},
		{"specs fail", true, report.ExitFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir, keys := t.TempDir(), t.TempDir()
			if err := os.Chmod(keys, 0o777); err != nil {
				t.Fatal(err)
			}
			out := filepath.Join(dir, "report")
			var published bytes.Buffer
			r, err := suite.Execute(context.Background(), suite.Options{
				Target: leakyTarget(t, dir, keys), Out: out, World: "loopback",
				Only: []string{"BYO-01", "BYO-06"}, NoProbe: tt.noProbe,
			}, &published)
			if err != nil || r.Exit != tt.exit {
				t.Fatalf("%+v, error %v, expected exit %d:\n%s", r, err, tt.exit, &published)
			}
			if err := render.WriteVerdict(&published, r, render.Style{}); err != nil {
				t.Fatal(err)
			}
			addFiles(t, &published, out)
			if !strings.Contains(published.String(), "leaky begins") {
				t.Errorf("expected the output of the target in:\n%s", &published)
			}
			for _, line := range keyLines(t, keys) {
				if i := strings.Index(published.String(), line); i >= 0 {
					before := published.String()[max(0, i-300):i]
					t.Errorf("%q is published after:\n%s", line, before)
				}
			}
		})
	}
}

// leakyTarget writes a target file for a script that copies its private key to the
// directory keys, prints it, and ends.
func leakyTarget(t *testing.T, dir, keys string) (file string) {
	t.Helper()
	script := filepath.Join(dir, "leaky.sh")
	file = filepath.Join(dir, "target.yaml")
	for name, text := range map[string]string{
		script: fmt.Sprintf(`
echo leaky begins
key=$(cat "$1")
cp "$key" %s/$$.pem
cat "$key"
echo "without its beginning:"
grep -v -- ----- "$key"
echo "on one line: $(grep -v -- ----- "$key" | tr -d '\n')" >&2
echo "for URLs: $(grep -v -- ----- "$key" | tr -d '\n=' | tr '+/' '-_')"
exit 1
`, keys),
		file: fmt.Sprintf(`
name: leaky
command: [/bin/sh, %s, "{{.ConfigFile}}"]
profiles: [byo]
config: {file: path.txt, template: "{{.Keys.tls_key_path}}"}
`, script),
	} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

// keyLines returns the lines of base64 of the private keys in a directory, in both
// alphabets. Short lines are left out, because other texts may contain them.
func keyLines(t *testing.T, dir string) (lines []string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.pem"))
	if err != nil || len(names) == 0 {
		t.Fatalf("keys %q, error %v: expected at least one key", names, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); len(line) >= 16 && !strings.HasPrefix(line, "-") {
				lines = append(lines, line, strings.NewReplacer("+", "-", "/", "_").Replace(line))
			}
		}
	}
	return lines
}

// addFiles adds the names and contents of all files below a directory.
func addFiles(t *testing.T, to *bytes.Buffer, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		fmt.Fprintf(to, "%s\n%s\n", path, text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
