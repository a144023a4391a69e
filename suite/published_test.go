package suite_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
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
	}{{"the probe fails", false, report.ExitTrouble}, {"specs fail", true, report.ExitFailed}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			target, keys := leakyTarget(t, dir)
			out := filepath.Join(dir, "report")
			var published bytes.Buffer
			r, err := suite.Execute(context.Background(), suite.Options{
				Target: target, Out: out, World: "loopback",
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
			for _, line := range linesOf(t, keys()) {
				if i := strings.Index(published.String(), line); i >= 0 {
					before := published.String()[max(0, i-300):i]
					t.Errorf("%q is published after:\n%s", line, before)
				}
			}
		})
	}
}

// envLeaky makes this program a server that tells its key to the test at an address,
// prints it, and ends.
const envLeaky = "ASSAY_TEST_LEAKY"

func init() {
	address := os.Getenv(envLeaky)
	if address == "" {
		return
	}
	path, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	key, err := os.ReadFile(string(path))
	if err != nil {
		panic(err)
	}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		panic(err)
	}
	conn.Write(key)
	conn.Close()
	key = bytes.TrimSpace(key)
	lines := slices.DeleteFunc(strings.Split(string(key), "\n"), func(line string) bool {
		return strings.HasPrefix(line, "-----")
	})
	body := strings.Join(lines, "\n")
	one := strings.Join(lines, "")
	fmt.Printf("leaky begins\n%s\nwithout its beginning:\n%s\n", key, body)
	fmt.Fprintln(os.Stderr, "on one line:", one)
	fmt.Println("for URLs:", strings.NewReplacer("=", "", "+", "-", "/", "_").Replace(one))
	os.Exit(1)
}

// leakyTarget writes a target file for that server. keys returns the keys that it has
// told.
func leakyTarget(t *testing.T, dir string) (file string, keys func() []string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan []string)
	go func() {
		var all []string
		for {
			conn, err := listener.Accept()
			if err != nil {
				break
			}
			key, _ := io.ReadAll(conn)
			conn.Close()
			all = append(all, string(key))
		}
		told <- all
	}()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(dir, "target.yaml")
	text := fmt.Sprintf(`
name: leaky
command: [%q, "{{.ConfigFile}}"]
env: {%s: %q}
profiles: [byo]
config:
  file: path.txt
  template: "{{.Keys.tls_key_path}}"
`, executable, envLeaky, listener.Addr())
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file, func() []string {
		listener.Close()
		return <-told
	}
}

// linesOf returns the lines of base64 of private keys, in both alphabets. Short lines are
// left out, because other texts may contain them.
func linesOf(t *testing.T, keys []string) (lines []string) {
	t.Helper()
	if len(keys) == 0 {
		t.Fatal("found no key, expected at least one")
	}
	for _, key := range keys {
		for line := range strings.Lines(key) {
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
