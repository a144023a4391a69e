package main

import (
	"io/fs"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

// TestReadmeListsDependencies compares the table of dependencies in the README with
// the modules that go.mod requires directly.
func TestReadmeListsDependencies(t *testing.T) {
	t.Parallel()
	text, err := fs.ReadFile(repository, "go.mod")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.ParseLax("go.mod", text, nil)
	if err != nil {
		t.Fatal(err)
	}
	readme, err := fs.ReadFile(repository, "README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(readme), "\n## Dependencies, and why\n")
	if !found {
		t.Fatal("README.md has no section \"Dependencies, and why\"")
	}
	direct := map[string]bool{}
	for _, r := range mod.Require {
		if r.Indirect {
			continue
		}
		direct[r.Mod.Path] = true
		if !strings.Contains(table, "`"+r.Mod.Path+"`") {
			t.Errorf("README.md: the dependencies lack %s, which go.mod requires", r.Mod.Path)
		}
	}
	for line := range strings.Lines(table) {
		modules, _, _ := strings.Cut(strings.TrimPrefix(line, "|"), "|")
		for _, word := range strings.Fields(strings.ReplaceAll(modules, ",", " ")) {
			if module := strings.Trim(word, "`"); module != word && !direct[module] {
				t.Errorf("README.md: the dependencies name %s, which go.mod does not require", module)
			}
		}
	}
}
