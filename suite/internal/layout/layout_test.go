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

// importing returns a Go file that imports these packages of the module.
func importing(packages ...string) string {
	text := "package x\n"
	for _, p := range packages {
		text += fmt.Sprintf("import _ %q\n", "assay/"+p)
	}
	return text
}

func TestArrows(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		file, imports string
		allowed       bool
	}{
		{"suite/byo.go", "suite/internal/harness", true},
		{"suite/byo.go", "suite/internal/match", true},
		{"suite/byo.go", "fixtures/pki", true},
		{"suite/byo.go", "suite/internal/run", false},
		{"suite/byo.go", "server/config", false},
		{"suite/suite.go", "suite/internal/run", true},
		{"suite/suite.go", "server/config", false},
		{"suite/internal/match/tls.go", "suite/internal/wire", true},
		{"suite/internal/match/tls.go", "suite/internal/harness", false},
		{"suite/internal/harness/env.go", "suite/internal/run", false},
		{"suite/internal/run/plan.go", "suite/internal/harness", true},
		{"suite/report/read.go", "suite/internal/run", false},
		{"suite/report/diff/diff.go", "suite/internal/harness", false},
		{"suite/report/write.go", "suite/report/words", true},
		{"scenarios/load.go", "fixtures/pki", false},
		{"fixtures/mutants/load.go", "scenarios", false},
		{"pebble/ca.go", "suite/internal/wire", false},
		{"pebble/endpoint.go", "pebble/relay", true},
		{"suite/internal/world/loopback.go", "pebble/relay", true},
		{"suite/internal/world/loopback.go", "pebble", false},
		{"server/acme/manager_test.go", "fixtures/pki", true},
		{"server/acme/manager_test.go", "suite", false},
		{"server/acme/manager.go", "pebble", false},
		{"server/cmd/schedule/main.go", "pebble", true},
		{"suite/suite_test.go", "server/config", false},
		{"suite/suite_test.go", "suite", true},
		{"fixtures/pki/pki_test.go", "suite", false},
		{"tools/x.go", "suite", false},
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
		"suite/internal/match/tls.go": importing("suite/internal/harness"),
	}))
	const want = "suite/internal/match/tls.go: imports suite/internal/harness, which " +
		"suite/internal/match may not: a matcher looks at plain values and has no side effects"
	if err != nil || !slices.Equal(found, []string{want}) {
		t.Errorf("error %v, found %q, want %q", err, found, want)
	}
}

func TestForeignAndIgnoredFilesAreSkipped(t *testing.T) {
	t.Parallel()
	bad := importing("server/config")
	found, err := check(tree(map[string]string{
		"suite/example/go.mod":       "module example.test/little\n",
		"suite/example/example.go":   bad,
		"suite/testdata/x.go":        bad,
		"suite/byo.go":               "package x\nimport _ \"assayer/server\"\n",
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

// Kind is the kind of a thing.
func Kind() {}

// Whole says whether a thing is whole.
func Whole() {}

// The kind of a thing.
func Named() {}

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
		`pebble/x.go:12:1: the comment of Whole begins with "Whole says whether"`,
		`pebble/x.go:15:1: the comment of Named begins with "The"`,
		`pebble/x.go:18:1: the comment of Thing begins with "A Thing is what"`,
		`pebble/x.go:22:2: the comment of Other begins with "Other:"`,
		`pebble/x.go:26:1: the comment of Names begins with "Names are what"`,
		`pebble/x.go:6:1: the comment of Bad begins with "Bad:"`,
		`pebble/x.go:9:1: the comment of Kind begins with "Kind is"`,
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

func TestCarelessReads(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ file, text, want string }{
		{"suite/internal/sut/files.go", `import "os"; var _, _ = os.ReadFile("x")`,
			"suite/internal/sut/files.go: line 2 calls os.ReadFile, expected a function of " +
				"suite/internal/careful"},
		{"suite/internal/harness/env.go", `import other "path/filepath"; var _ = other.WalkDir("x", n` +
			`il)`,
			"suite/internal/harness/env.go: line 2 calls other.WalkDir"},
		{"suite/byo.go", `import "os"; var open = os.Open`, "suite/byo.go: line 2 calls os.Open"},
		{"suite/internal/sut/files.go", `import "os"; var _, _ = os.Stat("x")`, ""},
		{"suite/internal/sut/files_test.go", `import "os"; var _, _ = os.ReadFile("x")`, ""},
		{"suite/internal/layout/x.go", `import "os"; var _, _ = os.ReadFile("x")`, ""},
		{"suite/internal/sut/load.go", `import "os"; var _, _ = os.ReadFile("x")`, ""},
	} {
		wantFinding(t, row.file, row.text, row.want)
	}
}

// wantFinding checks that a file with a text has a finding that begins so; "": it has none.
func wantFinding(t *testing.T, file, text, want string) {
	t.Helper()
	found, err := check(tree(map[string]string{file: "package x\n" + text}))
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(found, "\n")
	if (want == "") != (got == "") || !strings.HasPrefix(got, want) {
		t.Errorf("%s: %s: found %q, expected %q", file, text, got, want)
	}
}

// A text is cut in one place alone.
func TestCuts(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ file, text, want string }{
		{"suite/internal/page/x.go", `var _ = s[:n] + "…"`,
			"suite/internal/page/x.go: line 2 cuts a text"},
		{"suite/internal/run/x.go", `var _ = string(b[:9]) + " … (cut)"`,
			"suite/internal/run/x.go: line 2"},
		{"suite/internal/page/x.go", `var _ = strings.Join(all[:2], " ") + " …"`, ""},
		{"suite/internal/page/x.go", `var _ = "…" + s[len(s)-6:]`, ""},
		{"suite/report/words/x.go", `var _ = s[:n] + "…"`, ""},
		{"pebble/x.go", `var _ = s[:n] + "…"`, ""},
	} {
		wantFinding(t, row.file, row.text, row.want)
	}
}

func TestExemptionsThatAreNotNeeded(t *testing.T) {
	t.Parallel()
	found, err := check(tree(map[string]string{
		thisFile:                     "package x\n",
		"suite/internal/sut/load.go": "package x\nimport \"os\"\nvar _, _ = os.ReadFile(\"x\")\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != len(exemptions)-1 || !strings.Contains(found[0], "does not call") ||
		strings.Contains(strings.Join(found, "\n"), "sut/load.go") {
		t.Errorf("found %q, expected a finding for each exemption but that of load.go", found)
	}
}
