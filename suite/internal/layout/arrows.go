package main

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// An arrow says what the files of one place may import of this module. Imports
// of other modules are free.
type arrow struct {
	from string   // a file, a directory, or "dir/..." for all directories from dir on
	to   []string // directories, or "dir/..."
	why  string
}

// specs is what a spec may see: the environment, matchers, and plain values.
var specs = []string{
	"suite/internal/harness", "suite/internal/match",
	"suite/internal/sut", "suite/internal/wire",
	"scenarios", "pebble", "fixtures/...",
}

// arrows is the table of directions. The first arrow whose from matches a file
// counts; the arrows of a single file come before those of its directory.
var arrows = []arrow{
	{"server/cmd/schedule", []string{"server/...", "pebble"}, "the server shares no code with what judges it; its schedule command alone needs a CA"},
	{"server/...", []string{"server/..."}, "the server shares no code with what judges it"},
	{"scenarios/...", nil, "the catalogue knows nothing of the code that tests it"},
	{"fixtures/...", []string{"fixtures/..."}, "fixtures know nothing of the specs that use them"},
	{"pebble/...", nil, "the CA knows nothing of the specs that use it"},

	{"suite/suite.go", []string{"suite/internal/run", "suite/internal/harness", "suite/internal/world", "suite/report", "scenarios"}, "the public entrance hands on to the run"},
	{"suite", specs, "a spec sees the environment, matchers and plain values, and no machinery"},

	{"suite/internal/match", []string{"suite/internal/wire", "suite/internal/sut", "pebble", "fixtures/..."}, "a matcher looks at plain values and has no side effects"},
	{"suite/internal/harness", []string{"suite/internal/match", "suite/internal/world", "suite/internal/sut", "suite/internal/wire", "suite/report", "suite/report/...", "scenarios", "pebble", "fixtures/..."}, "a spec must not depend on how a run is divided into processes"},
	{"suite/internal/run", []string{"suite/internal/harness", "suite/internal/world", "suite/internal/sut", "suite/internal/version", "suite/report", "suite/report/...", "scenarios", "fixtures/..."}, "the run knows specs by their registry alone"},
	{"suite/internal/sut", []string{"scenarios", "fixtures/targets"}, "the target is known by its file, its process and its log"},
	{"suite/internal/world", nil, "a world knows nothing of what happens in it"},
	{"suite/internal/wire", nil, "a client shows what it sees and knows nothing else"},
	{"suite/internal/version", nil, "the version comes from the build alone"},
	{"suite/internal/layout", nil, "the check of the layout stands beside it"},

	{"suite/report/...", []string{"suite/report", "suite/report/...", "scenarios"}, "a verdict follows from outcomes and catalogue alone"},
	{"suite/upgrade/atlas", []string{"suite/report", "suite/report/...", "suite/upgrade", "scenarios"}, "an atlas is made of reports"},
	{"suite/upgrade", []string{"suite", "suite/report", "suite/report/...", "suite/internal/sut", "suite/internal/world", "scenarios"}, "an upgrade is two runs and their difference"},
	{"suite/cmd/...", []string{"suite", "suite/...", "scenarios", "pebble", "fixtures/..."}, "a command may use everything but the server"},
}

// checkArrows finds imports that the table does not allow. Tests may import
// whatever the package may, and everything else but the server and the
// packages above them: a test of a fixture may not need the suite.
func checkArrows(sources []source) []string {
	var findings []string
	for _, s := range sources {
		a, found := arrowFrom(s.name)
		if !found {
			findings = append(findings, s.name+": no arrow of the table in "+
				"suite/internal/layout/arrows.go says what it may import")
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
// not. Rooms below the suite stay below it, and nothing but the server's own
// tests sees the server.
func testMay(dir, to string) bool {
	room := func(name string) string { first, _, _ := strings.Cut(name, "/"); return first }
	return room(dir) == "suite" && room(to) != "server"
}

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

// matches reports whether a directory is the one that a pattern names, or for
// "dir/..." dir or one below it.
func matches(pattern, dir string) bool {
	above, ok := strings.CutSuffix(pattern, "/...")
	return dir == pattern || ok && (dir == above || strings.HasPrefix(dir, above+"/"))
}
