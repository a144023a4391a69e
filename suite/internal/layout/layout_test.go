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
	for name, row := range map[string]struct {
		file, imports string
		allowed       bool
	}{
		"a spec and the harness":           {"suite/byo.go", "assay/suite/internal/harness", true},
		"a spec and a matcher":             {"suite/byo.go", "assay/suite/internal/match", true},
		"a spec and certificates":          {"suite/byo.go", "assay/fixtures/pki", true},
		"a spec and the run":               {"suite/byo.go", "assay/suite/internal/run", false},
		"a spec and the server":            {"suite/byo.go", "assay/server/config", false},
		"the entrance and the run":         {"suite/suite.go", "assay/suite/internal/run", true},
		"the entrance and the server":      {"suite/suite.go", "assay/server/config", false},
		"a matcher and a client":           {"suite/internal/match/tls.go", "assay/suite/internal/wire", true},
		"a matcher and the harness":        {"suite/internal/match/tls.go", "assay/suite/internal/harness", false},
		"the harness and the run":          {"suite/internal/harness/env.go", "assay/suite/internal/run", false},
		"the run and the harness":          {"suite/internal/run/plan.go", "assay/suite/internal/harness", true},
		"the report and the run":           {"suite/report/read.go", "assay/suite/internal/run", false},
		"the report below and the harness": {"suite/report/diff/diff.go", "assay/suite/internal/harness", false},
		"the report and its rendering":     {"suite/report/write.go", "assay/suite/report/internal/render", true},
		"the catalogue and a fixture":      {"scenarios/load.go", "assay/fixtures/pki", false},
		"a fixture and the catalogue":      {"fixtures/mutants/load.go", "assay/scenarios", false},
		"the CA and a client":              {"pebble/ca.go", "assay/suite/internal/wire", false},
		"the server and the CA":            {"server/acme/manager.go", "assay/pebble", false},
		"the schedule and the CA":          {"server/cmd/schedule/main.go", "assay/pebble", true},
		"a test and the server":            {"suite/suite_test.go", "assay/server/config", false},
		"a test and the entrance":          {"suite/suite_test.go", "assay/suite", true},
		"a test of a fixture":              {"fixtures/pki/pki_test.go", "assay/suite", false},
		"another module":                   {"suite/byo.go", "assayer/server", true},
		"a place that has no arrow":        {"tools/x.go", "assay/suite", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := check(tree(map[string]string{row.file: importing(row.imports)}))
			if err != nil {
				t.Fatal(err)
			}
			if (len(found) == 0) != row.allowed {
				t.Errorf("%s imports %s: found %q, want allowed %v", row.file, row.imports, found, row.allowed)
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

func TestWhatIsLeftOut(t *testing.T) {
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
		`pebble/x.go:13:2: the comment of Other begins with "Other:", expected its name and a verb`,
		`pebble/x.go:17:1: the comment of Names begins with "Names are what", expected its name and a verb`,
		`pebble/x.go:6:1: the comment of Bad begins with "Bad:", expected its name and a verb`,
		`pebble/x.go:9:1: the comment of Thing begins with "A Thing is what", expected its name and a verb`,
	}
	if err != nil || !slices.Equal(found, want) {
		t.Errorf("error %v, found\n%s\nwant\n%s", err, strings.Join(found, "\n"), strings.Join(want, "\n"))
	}
}

func TestAFileThatCannotBeParsed(t *testing.T) {
	t.Parallel()
	if _, err := check(tree(map[string]string{"pebble/x.go": "pack"})); err == nil {
		t.Error("found nothing wrong with a file that is no Go")
	}
}
