package main

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// An arrow lists what a file or the files of a directory may import from this
// module. Imports of other modules are not restricted.
type arrow struct {
	from string   // a file, a directory, or "dir/..." for all directories from dir on
	to   []string // directories, or "dir/..."
	why  string
}

// specs lists what a spec may import: the environment, matchers, and plain values.
var specs = []string{
	"suite/internal/harness", "suite/internal/match",
	"suite/internal/sut", "suite/internal/wire", "suite/internal/replace",
	"suite/internal/logtext", "suite/internal/storage", "scenarios", "pebble", "fixtures/...",
}

// arrows lists the allowed imports. The first arrow whose from matches a file
// applies, so the arrow of a single file stands before that of its directory.
var arrows = []arrow{
	{
		from: "server/cmd/schedule",
		to:   []string{"server/...", "pebble"},
		why:  "the server shares no code with what judges it; its schedule command alone needs a CA",
	},
	{
		from: "server/...",
		to:   []string{"server/..."},
		why:  "the server shares no code with what judges it",
	},
	{
		from: "scenarios/...",
		to:   []string{"scenarios/..."},
		why:  "the catalogue knows nothing of the code that tests it",
	},
	{
		from: "fixtures/...",
		to:   []string{"fixtures/...", "scenarios/strictyaml/..."},
		why:  "fixtures know nothing of the specs that use them",
	},
	{
		from: "pebble/...",
		to:   []string{"pebble/..."},
		why:  "the CA knows nothing of the specs that use it",
	},

	{
		from: "suite/suite.go",
		to: []string{
			"suite/internal/run", "suite/internal/version", "suite/report", "scenarios",
		},
		why: "the public functions pass their options to the run",
	},
	{
		from: "suite",
		to:   specs,
		why:  "a spec uses the environment, matchers and plain values, and nothing else",
	},

	{
		from: "suite/internal/match",
		to: []string{
			"suite/internal/wire", "suite/internal/sut", "suite/internal/browser",
			"suite/internal/logtext", "pebble", "fixtures/...",
		},
		why: "a matcher looks at plain values and has no side effects",
	},
	{
		from: "suite/internal/harness",
		to: []string{
			"suite/internal/match", "suite/internal/world", "suite/internal/sut",
			"suite/internal/wire", "suite/internal/redact", "suite/internal/verdict",
			"suite/internal/logtext", "suite/internal/secret", "suite/internal/patience",
			"suite/internal/once", "suite/internal/browser", "suite/internal/replace",
			"suite/internal/storage",
			"suite/report", "scenarios", "pebble", "fixtures/...",
		},
		why: "a spec must not depend on how a run is divided into processes",
	},
	{
		from: "suite/internal/run",
		to: []string{
			"suite/internal/harness", "suite/internal/world", "suite/internal/sut",
			"suite/internal/version", "suite/internal/redact", "suite/internal/verdict",
			"suite/internal/words", "suite/internal/browser", "suite/internal/patience",
			"suite/report", "scenarios", "fixtures/...",
		},
		why: "the run finds specs through their registry only",
	},
	{
		from: "suite/internal/storage",
		to:   []string{"suite/internal/world"},
		why:  "a directory's faults need mounts, and nothing of the specs",
	},
	{
		from: "suite/internal/sut",
		to:   []string{"suite/internal/logtext", "scenarios/...", "fixtures/targets"},
		why:  "the target is known by its file, its process and its log",
	},
	{
		from: "suite/internal/world",
		to:   []string{"pebble/relay"},
		why:  "a world carries connections and knows nothing of what is tested in it",
	},
	{
		from: "suite/internal/wire",
		why:  "a client shows what it sees and knows nothing else",
	},
	{
		from: "suite/internal/browser",
		why:  "a browser shows what it sees and knows nothing else",
	},
	{
		from: "suite/internal/once",
		why:  "processes share a result without knowing what it is",
	},
	{
		from: "suite/internal/patience",
		why:  "time limits depend on the machine alone",
	},
	{
		from: "suite/internal/replace",
		why:  "replacing files depends on the file system alone",
	},
	{
		from: "suite/internal/logtext",
		why:  "reading a line of a log needs nothing else",
	},
	{
		from: "suite/internal/secret",
		why:  "the forms of a key depend on the key only",
	},
	{
		from: "suite/internal/version",
		why:  "the version comes from the build alone",
	},
	{
		from: "suite/internal/layout",
		why:  "the check reads source files and uses none of them",
	},

	{
		from: "suite/internal/words",
		why:  "functions on text need nothing else",
	},
	{
		from: "suite/internal/redact",
		why:  "redaction and masks work on plain values",
	},
	{
		from: "suite/internal/verdict",
		to: []string{
			"suite/internal/redact", "suite/internal/words", "suite/internal/sut",
			"suite/report", "scenarios",
		},
		why: "a verdict follows from outcomes, catalogue and known failures alone",
	},
	{
		from: "suite/internal/render",
		to:   []string{"suite/internal/words", "suite/report", "scenarios"},
		why:  "what people read is made from the report alone",
	},
	{
		from: "suite/report",
		to:   []string{"suite/internal/words", "scenarios"},
		why:  "the schema of the report knows nothing of how a report is made",
	},
	{
		from: "suite/report/diff",
		to: []string{
			"suite/internal/render", "suite/internal/words", "suite/report", "scenarios",
		},
		why: "a difference follows from two reports alone",
	},
	{
		from: "suite/schema",
		to:   []string{"suite/report", "suite/internal/sut", "scenarios"},
		why:  "a schema follows from the types that decode a file",
	},
	{
		from: "suite/upgrade/atlas",
		to: []string{
			"suite/internal/redact", "suite/report/...", "suite/upgrade", "scenarios/...",
		},
		why: "an atlas is made of reports",
	},
	{
		from: "suite/upgrade",
		to: []string{
			"suite", "suite/report/...", "suite/internal/sut", "suite/internal/world", "scenarios",
		},
		why: "an upgrade is two runs and their difference",
	},
	{
		from: "suite/cmd/...",
		to:   []string{"suite/...", "scenarios", "pebble", "fixtures/..."},
		why:  "a command may use everything but the server",
	},
}

// checkArrows finds imports that the table does not allow. A test may import what
// its package may, and what testMay allows besides.
func checkArrows(sources []source) []string {
	var findings []string
	for _, s := range sources {
		a, found := arrowFrom(s.name)
		if !found {
			findings = append(findings, s.name+": found a directory that "+
				"suite/internal/layout/arrows.go does not list, expected an entry with its imports")
			continue
		}
		for _, to := range s.imports {
			if to == s.dir() || a.allows(to) || s.test() && testMay(s.dir(), to) {
				continue
			}
			findings = append(findings, fmt.Sprintf("%s: imports %s, which %s may not: %s",
				s.name, to, a.from, a.why))
		}
	}
	return findings
}

// testMay reports whether a test in dir may import what the package itself may
// not. Tests of the suite may import everything except the server. Tests of the
// server may use the CA and make certificates; the executable still shares no
// code with the suite.
func testMay(dir, to string) bool {
	topLevel := func(name string) string { first, _, _ := strings.Cut(name, "/"); return first }
	switch topLevel(dir) {
	case "suite":
		return topLevel(to) != "server"
	case "server":
		return to == "fixtures/pki" || to == "pebble"
	}
	return false
}

// arrowFrom returns the arrow that applies to a file.
func arrowFrom(file string) (arrow, bool) {
	i := slices.IndexFunc(arrows, func(a arrow) bool {
		return a.from == file || matches(a.from, path.Dir(file))
	})
	if i < 0 {
		return arrow{}, false
	}
	return arrows[i], true
}

func (a arrow) allows(to string) bool {
	return slices.ContainsFunc(a.to, func(pattern string) bool { return matches(pattern, to) })
}

// matches reports whether a pattern covers a directory: "dir" covers itself, and
// "dir/..." covers dir and all directories below it.
func matches(pattern, dir string) bool {
	above, ok := strings.CutSuffix(pattern, "/...")
	return dir == pattern || ok && (dir == above || strings.HasPrefix(dir, above+"/"))
}
