package upgrade

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tree is a little module.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func needsGo(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("needs the go command on PATH")
	}
}

const gomod, main = "module example.com/x\n\ngo 1.26\n", "package main\n\nfunc main() {}\n"

func TestNewWorkshopRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		files map[string]string
		says  string
	}{
		"no module":  {nil, "expected the directory of a Go module"},
		"no package": {map[string]string{"go.mod": gomod}, "found no package ./cmd/x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := NewWorkshop(t.Context(), Source{Dir: tree(t, tt.files), Package: "./cmd/x"}, t.TempDir())
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v, want %s", err, tt.says)
			}
		})
	}
}

// What is built is known by the state of the sources: any edit of what goes
// into it, and nothing else, makes another one.
func TestState(t *testing.T) {
	t.Parallel()
	needsGo(t)
	const library = "module example.com/library\n\ngo 1.26\n"
	dir := tree(t, map[string]string{
		"go.mod":             gomod + "\nrequire example.com/library v0.0.0\n\nreplace example.com/library => ./library\n",
		"cmd/x/main.go":      "package main\n\nimport _ \"example.com/library\"\n\nfunc main() {}\n",
		"other/other.go":     "package other\n",
		"library/go.mod":     library,
		"library/library.go": "package library\n",
	})
	source := Source{Dir: dir, Package: "./cmd/x"}
	state := func() string {
		t.Helper()
		s, err := source.state(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	edit := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	before := state()
	edit("other/other.go", "package other // edited\n")
	edit("README.md", "edited\n")
	if state() != before {
		t.Error("a file that is not built changed the state")
	}
	for name, text := range map[string]string{
		"cmd/x/main.go":      "package main\n\nimport _ \"example.com/library\"\n\nfunc main() {} // edited\n",
		"library/library.go": "package library // edited\n",
		"library/go.mod":     library + "\n// edited\n",
		"library/a.syso":     "new\n",
	} {
		before := state()
		edit(name, text)
		if state() == before {
			t.Errorf("an edit of %s left the state as it was", name)
		}
	}
	before = state()
	source.Env = []string{"GOAMD64=v3"}
	if state() == before {
		t.Error("another processor left the state as it was")
	}
}

func TestReason(t *testing.T) {
	t.Parallel()
	for text, err := range map[string]error{
		"no probe": errors.New("no probe\nmore"),
		"it cannot be built: x.go:3:5: undefined: acme.Foo": fmt.Errorf("building ./x: %w", &commandError{
			args: []string{"build"}, err: errors.New("exit status 1"), said: "go: downloading example.com/y v1.0.0\n# example.com/x\nx.go:3:5: undefined: acme.Foo\n",
		}),
		"it cannot be built: signal: killed": &commandError{args: []string{"build"}, err: errors.New("signal: killed")},
	} {
		if got := Reason(err); got != text {
			t.Errorf("%q, want %q", got, text)
		}
	}
}

// A server without the module cannot be compared by its versions.
func TestBuildWithoutTheModule(t *testing.T) {
	t.Parallel()
	needsGo(t)
	files := map[string]string{"go.mod": gomod, "cmd/x/main.go": main}
	dir := tree(t, files)
	shop, err := NewWorkshop(t.Context(), Source{Dir: dir, Package: "./cmd/x"}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := shop.Build(t.Context(), "v0.58.0"); err == nil || !strings.Contains(err.Error(), "does not hold the module") {
		t.Errorf("%v, want that the executable does not hold the module", err)
	}
	for name, text := range files {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != text {
			t.Errorf("%s was touched: %v\n%s", name, err, got)
		}
	}
}

func TestCodeDigestLeavesCommentsOut(t *testing.T) {
	t.Parallel()
	digest := func(text, test string) string {
		t.Helper()
		d, err := codeDigest(tree(t, map[string]string{"acme/a.go": text, "acme/a_test.go": test, "acme/autocert/b.go": "package autocert\n"}))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	plain := digest("package acme\n\nconst n = 1\n", "package acme\n")
	if digest("package acme\n\n// n is one.\nconst   n = 1\n", "package acme // edited\n") != plain {
		t.Error("comments, layout or tests count")
	}
	if digest("package acme\n\nconst n = 2\n", "package acme\n") == plain {
		t.Error("code does not count")
	}
}
