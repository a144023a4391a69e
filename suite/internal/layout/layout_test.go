package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// tree makes a module of files: content by path.
func tree(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{"go.mod": {Data: []byte("module assay\n")}}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

// importing returns a Go file that imports these packages.
func importing(packages ...string) string {
	text := "package x\n"
	for _, p := range packages {
		text += fmt.Sprintf("import _ %q\n", p)
	}
	return text
}

func TestArrows(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		file, imports string
		allowed       bool
	}{
		{"suite/byo.go", "assay/suite/internal/harness", true},
		{"suite/byo.go", "assay/suite/internal/match", true},
		{"suite/byo.go", "assay/fixtures/pki", true},
		{"suite/byo.go", "assay/suite/internal/run", false},
		{"suite/byo.go", "assay/server/config", false},
		{"suite/suite.go", "assay/suite/internal/run", true},
		{"suite/suite.go", "assay/server/config", false},
		{"suite/internal/match/tls.go", "assay/suite/internal/wire", true},
		{"suite/internal/match/tls.go", "assay/suite/internal/harness", false},
		{"suite/internal/harness/env.go", "assay/suite/internal/run", false},
		{"suite/internal/run/plan.go", "assay/suite/internal/harness", true},
		{"suite/report/read.go", "assay/suite/internal/run", false},
		{"suite/report/diff/diff.go", "assay/suite/internal/harness", false},
		{"suite/report/write.go", "assay/suite/internal/words", true},
		{"scenarios/load.go", "assay/fixtures/pki", false},
		{"fixtures/mutants/load.go", "assay/scenarios", false},
		{"pebble/ca.go", "assay/suite/internal/wire", false},
		{"pebble/endpoint.go", "assay/pebble/relay", true},
		{"suite/internal/world/loopback.go", "assay/pebble/relay", true},
		{"suite/internal/world/loopback.go", "assay/pebble", false},
		{"server/acme/manager_test.go", "assay/fixtures/pki", true},
		{"server/acme/manager_test.go", "assay/suite", false},
		{"server/acme/manager.go", "assay/pebble", false},
		{"server/cmd/schedule/main.go", "assay/pebble", true},
		{"suite/suite_test.go", "assay/server/config", false},
		{"suite/suite_test.go", "assay/suite", true},
		{"fixtures/pki/pki_test.go", "assay/suite", false},
		{"suite/byo.go", "assayer/server", true},
		{"tools/x.go", "assay/suite", false},
	} {
		t.Run(row.file+" imports "+row.imports, func(t *testing.T) {
			t.Parallel()
			found, err := check(tree(map[string]string{row.file: importing(row.imports)}))
			if err != nil {
				t.Fatal(err)
			}
			if (len(found) == 0) != row.allowed {
				t.Errorf("found %q, want allowed %v", found, row.allowed)
			}
		})
	}
}

func TestArrowsNameFileImportAndReason(t *testing.T) {
	t.Parallel()
	found, err := check(tree(map[string]string{
		"suite/internal/match/tls.go": importing("assay/suite/internal/harness"),
	}))
	const want = "suite/internal/match/tls.go: imports suite/internal/harness, which " +
		"suite/internal/match may not: a matcher looks at plain values and has no side effects"
	if err != nil || !slices.Equal(found, []string{want}) {
		t.Errorf("error %v, found %q, want %q", err, found, want)
	}
}

func TestForeignAndIgnoredFilesAreSkipped(t *testing.T) {
	t.Parallel()
	bad := importing("assay/server/config")
	found, err := check(tree(map[string]string{
		"suite/example/go.mod":       "module example.test/little\n",
		"suite/example/example.go":   bad,
		"suite/testdata/x.go":        bad,
		".git/x.go":                  bad,
		"suite/internal/_old/old.go": "no Go at all",
	}))
	if err != nil || len(found) > 0 {
		t.Errorf("error %v, found %q, want nothing", err, found)
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	files := map[string]string{}
	for i := range mostFiles {
		files[fmt.Sprintf("pebble/f%d.go", i)] = "package pebble\n"
		files[fmt.Sprintf("pebble/f%d_test.go", i)] = "package pebble\n"
	}
	if found, err := check(tree(files)); err != nil || len(found) > 0 {
		t.Errorf("%d files: error %v, found %q, want nothing", mostFiles, err, found)
	}
	files["pebble/one_more.go"] = "package pebble\n"
	found, err := check(tree(files))
	if err != nil || len(found) != 1 || !strings.HasPrefix(found[0], "pebble: holds 21 Go files") {
		t.Errorf("%d files: error %v, found %q", mostFiles+1, err, found)
	}
}

func TestComments(t *testing.T) {
	t.Parallel()
	found, err := check(tree(map[string]string{"pebble/x.go": `package pebble

// Good returns a thing.
func Good() {}

// Bad: a thing.
func Bad() {}

// A Thing is what is meant.
type Thing struct {
	// Field is the name: it has a colon later on.
	Field string
	// Other: a name.
	Other string
}

// Names are what is called.
var Names []string
`}))
	want := []string{
		`pebble/x.go:13:2: the comment of Other begins with "Other:"`,
		`pebble/x.go:17:1: the comment of Names begins with "Names are what"`,
		`pebble/x.go:6:1: the comment of Bad begins with "Bad:"`,
		`pebble/x.go:9:1: the comment of Thing begins with "A Thing is what"`,
	}
	for i := range want {
		want[i] += ", expected its name and a verb"
	}
	if err != nil || !slices.Equal(found, want) {
		t.Errorf("error %v, found\n%q\nwant\n%q", err, found, want)
	}
}

func TestAFileThatCannotBeParsed(t *testing.T) {
	t.Parallel()
	if _, err := check(tree(map[string]string{"pebble/x.go": "pack"})); err == nil {
		t.Error("found nothing wrong with a file that is no Go")
	}
}
