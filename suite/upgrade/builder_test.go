package upgrade

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// tree writes files below a new directory and returns the directory.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	tree := fstest.MapFS{}
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	if err := os.CopyFS(dir, tree); err != nil {
		t.Fatal(err)
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

func TestNewBuilderRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		files map[string]string
		says  string
	}{
		"no module":  {nil, "expected a directory with a go.mod"},
		"no package": {map[string]string{"go.mod": gomod}, "found no package ./cmd/x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := Source{Dir: tree(t, tt.files), Package: "./cmd/x"}
			_, err := NewBuilder(t.Context(), source, t.TempDir())
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v, want %s", err, tt.says)
			}
		})
	}
}

// The state of a source changes with every file that goes into the executable and
// with no other file.
func TestState(t *testing.T) {
	t.Parallel()
	needsGo(t)
	const (
		library   = "module example.com/library\n\ngo 1.26\n"
		importing = "package main\n\nimport _ \"example.com/library\"\n\nfunc main() {}\n"
	)
	dir := tree(t, map[string]string{
		"go.mod": gomod + "\nrequire example.com/library v0.0.0\n\n" +
			"replace example.com/library => ./library\n",
		"cmd/x/main.go":      importing,
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
		t.Error("edits of files that are not built changed the state, expected no change")
	}
	for name, text := range map[string]string{
		"cmd/x/main.go":      importing + "// edited\n",
		"library/library.go": "package library // edited\n",
		"library/go.mod":     library + "\n// edited\n",
		"library/a.syso":     "new\n",
	} {
		before := state()
		edit(name, text)
		if state() == before {
			t.Errorf("an edit of %s did not change the state, expected a change", name)
		}
	}
	before = state()
	source.Env = []string{"GOAMD64=v3"}
	if state() == before {
		t.Error("another GOAMD64 did not change the state, expected a change")
	}
}

func TestReason(t *testing.T) {
	t.Parallel()
	for text, err := range map[string]error{
		"no probe": errors.New("no probe\nmore"),
		"it cannot be built: x.go:3:5: undefined: acme.Foo": fmt.Errorf("building ./x: %w", &commandError{
			args: []string{"build"}, err: errors.New("exit status 1"),
			output: "go: downloading example.com/y v1.0.0\n# example.com/x\n" +
				"x.go:3:5: undefined: acme.Foo\n",
		}),
		"it cannot be built: signal: killed": &commandError{
			args: []string{"build"}, err: errors.New("signal: killed"),
		},
	} {
		if got := Reason(err); got != text {
			t.Errorf("%q, want %q", got, text)
		}
	}
}

// A server that does not contain the module is the same with all its versions.
func TestBuildWithoutTheModule(t *testing.T) {
	t.Parallel()
	needsGo(t)
	files := map[string]string{"go.mod": gomod, "cmd/x/main.go": main}
	dir := tree(t, files)
	builder, err := NewBuilder(t.Context(), Source{Dir: dir, Package: "./cmd/x"}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	const says = "does not contain golang.org/x/crypto"
	_, err = builder.Build(t.Context(), WithVersion("v0.58.0"))
	if err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("found %v, expected %s", err, says)
	}
	for name, text := range files {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != text {
			t.Errorf("found %s changed (%v), expected it unchanged:\n%s", name, err, got)
		}
	}
}

func TestCodeDigestIgnoresCommentsAndTests(t *testing.T) {
	t.Parallel()
	digest := func(text, test string) string {
		t.Helper()
		d, err := codeDigest(tree(t, map[string]string{
			"acme/a.go": text, "acme/a_test.go": test, "acme/autocert/b.go": "package autocert\n",
		}))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	plain := digest("package acme\n\nconst n = 1\n", "package acme\n")
	edited := digest("package acme\n\n// n is one.\nconst   n = 1\n", "package acme // edited\n")
	if edited != plain {
		t.Error("edits of comments, layout and tests changed the digest, expected no change")
	}
	if digest("package acme\n\nconst n = 2\n", "package acme\n") == plain {
		t.Error("an edit of the code did not change the digest, expected a change")
	}
}
