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
	"suite/internal/harness", "suite/internal/harness/rows", "suite/internal/match",
	"suite/internal/sut", "suite/internal/wire", "suite/internal/replace",
	"suite/internal/logtext", "suite/internal/storage", "suite/internal/explore/life", "scenarios",
	"pebble", "pebble/ari", "fixtures/...",
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
			"suite/internal/logtext", "suite/internal/careful", "suite/internal/limits",
			"pebble", "fixtures/...",
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
			"suite/internal/storage", "suite/internal/evidence", "suite/internal/capture",
			"suite/internal/careful", "suite/internal/contact", "suite/internal/limits",
			"suite/internal/clock", "suite/internal/passage", "suite/internal/processes",
			"suite/report/words", "suite/report", "scenarios", "pebble/...", "fixtures/...",
		},
		why: "a spec must not depend on how a run is divided into processes",
	},
	{
		from: "suite/internal/harness/rows",
		to: []string{
			"suite/internal/harness", "suite/internal/match", "suite/internal/wire", "scenarios",
			"fixtures/pki",
		},
		why: "a spec and a walk try the same rows",
	},
	{
		from: "suite/internal/run",
		to: []string{
			"suite/internal/harness", "suite/internal/world", "suite/internal/sut",
			"suite/internal/version", "suite/internal/redact", "suite/internal/verdict",
			"suite/report/words", "suite/internal/browser", "suite/internal/patience",
			"suite/internal/logtext", "suite/internal/match", "suite/internal/wire",
			"suite/internal/page", "suite/internal/events", "suite/internal/contact",
			"suite/internal/careful", "suite/internal/limits", "suite/internal/clock",
			"suite/internal/selection", "suite/report", "scenarios", "pebble/presets",
			"fixtures/...",
		},
		why: "the run finds specs through their registry only",
	},
	{
		from: "suite/internal/live",
		to: []string{
			"suite/internal/harness", "suite/internal/inner", "suite/internal/passage",
			"suite/internal/clock", "suite/internal/world", "suite/internal/sut",
			"suite/internal/wire", "suite/internal/logtext", "suite/internal/version", "suite/report",
			"suite/report/words", "scenarios", "pebble/...",
		},
		why: "the life of a server is seen with the means of a spec",
	},
	{
		from: "suite/internal/explore",
		to: []string{
			"suite/internal/explore/life", "suite/internal/harness", "suite/internal/inner",
			"suite/internal/patience", "suite/internal/clock", "suite/internal/world",
			"suite/internal/sut", "suite/internal/version", "suite/report/words", "suite/report",
		},
		why: "random lives are taken in processes of their own, repeated, and told",
	},
	{
		from: "suite/internal/explore/life",
		to: []string{
			"suite/internal/harness", "suite/internal/harness/rows", "suite/internal/live",
			"suite/internal/match", "suite/internal/coverage",
			"suite/internal/replace", "suite/internal/storage", "suite/internal/patience",
			"suite/internal/sut", "suite/internal/wire", "suite/internal/world", "scenarios/...",
			"pebble", "pebble/presets", "fixtures/pki",
		},
		why: "a random life of a server is led and seen with the means of a spec",
	},
	{
		from: "suite/internal/coverage",
		to:   nil,
		why:  "it reads what Go's tools write",
	},
	{
		from: "suite/internal/inner",
		to:   []string{"suite/internal/world", "suite/internal/sut", "suite/report"},
		why:  "it knows how a part of a command runs inside of a world, and not what it does",
	},
	{
		from: "suite/internal/storage",
		to:   []string{"suite/internal/world", "suite/internal/careful", "suite/internal/limits"},
		why:  "a directory's faults need mounts, and nothing of the specs",
	},
	{
		from: "suite/internal/sut",
		to: []string{
			"suite/internal/logtext", "suite/internal/careful", "suite/internal/limits",
			"suite/internal/patience", "suite/report/words", "scenarios/...", "fixtures/targets",
		},
		why: "the target is known by its file, its process and its log",
	},
	{
		from: "suite/internal/world",
		to: []string{
			"suite/internal/careful", "suite/internal/confine", "suite/internal/limits",
			"suite/internal/processes", "pebble/relay",
		},
		why: "a world carries connections and knows nothing of what is tested in it",
	},
	{
		from: "suite/internal/processes",
		why:  "the process table is the kernel's",
	},
	{
		from: "suite/internal/clock",
		why:  "the time of a program depends on the kernel alone",
	},
	{
		from: "suite/internal/confine",
		why:  "what a target may not reach of a machine depends on the machine alone",
	},
	{
		from: "suite/internal/passage",
		to:   []string{"suite/internal/clock"},
		why:  "time passes for whatever does something, without a look at what it is",
	},
	{
		from: "suite/internal/capture",
		why:  "packets are recorded without a look at who sends them",
	},
	{
		from: "suite/internal/evidence",
		to:   []string{"suite/internal/wire", "suite/report"},
		why:  "evidence is what clients saw, in the words of the report",
	},
	{
		from: "suite/internal/wire",
		to:   []string{"suite/internal/limits"},
		why:  "a client shows what it sees and knows nothing else",
	},
	{
		from: "suite/internal/browser",
		why:  "a browser shows what it sees and knows nothing else",
	},
	{
		from: "suite/internal/browser/browsertest",
		to:   []string{"suite/internal/browser"},
		why:  "tests of pages need a browser and decide themselves what it looks at",
	},
	{
		from: "suite/internal/careful",
		to:   []string{"suite/internal/limits"},
		why:  "access to files depends on the file system alone",
	},
	{
		from: "suite/internal/limits",
		why:  "limits are numbers",
	},
	{
		from: "suite/internal/once",
		to:   []string{"suite/internal/careful", "suite/internal/limits"},
		why:  "processes share a result without knowing what it is",
	},
	{
		from: "suite/internal/contact",
		why:  "processes share a finding without knowing how it was made",
	},
	{
		from: "suite/internal/patience",
		why:  "time limits depend on the machine alone",
	},
	{
		from: "suite/internal/replace",
		to:   []string{"suite/internal/careful"},
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
		from: "suite/internal/output",
		to:   []string{"suite/internal/careful", "suite/internal/limits"},
		why:  "storing files needs nothing else",
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
		from: "suite/internal/linear",
		why:  "time is measured without a look at what takes it",
	},
	{
		from: "suite/internal/fuzz",
		why:  "the command runs what it finds in test files and uses none of it",
	},

	{
		from: "suite/internal/complete",
		why:  "completion follows from the declared command line alone",
	},
	{
		from: "suite/internal/watch",
		why:  "watching files depends on the file system alone",
	},
	{
		from: "suite/internal/rehearsal",
		to:   []string{"suite/report", "suite/report/words"},
		why:  "what came of runs with several CAs follows from their reports alone",
	},
	{
		from: "suite/internal/selection",
		to:   []string{"suite/report", "scenarios", "scenarios/near", "pebble/presets"},
		why:  "what to run again follows from a report and the catalogue",
	},
	{
		from: "suite/internal/explain",
		to:   []string{"suite/report/words", "scenarios", "fixtures/mutants"},
		why:  "an explanation follows from the catalogue and the known-bad servers",
	},
	{
		from: "suite/internal/events",
		to:   []string{"suite/report/words", "suite/report"},
		why:  "events are carried from process to process without regard to their use",
	},
	{
		from: "suite/internal/progress",
		to:   []string{"suite/internal/render", "suite/report/words", "suite/report"},
		why:  "what people see of a run follows from its events alone",
	},
	{
		from: "suite/report/words",
		why:  "functions on text need nothing else",
	},
	{
		from: "suite/internal/redact",
		why:  "redaction and masks work on plain values",
	},
	{
		from: "suite/internal/verdict",
		to: []string{
			"suite/internal/redact", "suite/report/words", "suite/internal/sut",
			"suite/internal/limits", "suite/report", "scenarios",
		},
		why: "a verdict follows from outcomes, catalogue and known failures alone",
	},
	{
		from: "suite/internal/render",
		to: []string{
			"suite/report/words", "suite/internal/logtext", "suite/report", "scenarios",
		},
		why: "what people read is made from the report alone",
	},
	{
		from: "suite/internal/page",
		to: []string{
			"suite/internal/render", "suite/internal/output", "suite/report/words", "suite/report",
			"scenarios",
		},
		why: "the page groups failures by the causes that the terminal shows",
	},
	{
		from: "suite/internal/badge",
		to:   []string{"suite/report/words", "suite/report"},
		why:  "a badge is made from the report alone",
	},
	{
		from: "suite/internal/matrix",
		to: []string{
			"suite/internal/page", "suite/internal/render", "suite/report/words",
			"suite/report", "scenarios",
		},
		why: "a matrix is made from reports alone",
	},
	{
		from: "suite/internal/diffpage",
		to:   []string{"suite/internal/page", "suite/report/..."},
		why:  "the page shows a difference that was made elsewhere",
	},
	{
		from: "suite/internal/submission",
		to: []string{
			"suite/internal/badge", "suite/internal/careful", "suite/internal/page",
			"suite/internal/redact", "suite/internal/render", "suite/internal/sut",
			"suite/internal/output", "suite/report/words", "suite/report", "scenarios",
		},
		why: "a submission is made from a report and a target file alone",
	},
	{
		from: "suite/internal/gallery",
		to: []string{
			"suite/internal/matrix", "suite/internal/submission", "suite/report/words",
			"suite/report",
		},
		why: "the gallery is made from submissions alone",
	},
	{
		from: "suite/report",
		to: []string{
			"suite/internal/careful", "suite/internal/limits", "suite/internal/output",
			"suite/report/words", "scenarios",
		},
		why: "the schema of the report knows nothing of how a report is made",
	},
	{
		from: "suite/report/reporttest",
		to:   []string{"suite/report", "scenarios"},
		why:  "reports for tests need their types alone",
	},
	{
		from: "suite/report/diff",
		to:   []string{"suite/report/words", "suite/report", "scenarios"},
		why:  "a difference follows from two reports alone",
	},
	{
		from: "suite/report/shards",
		to: []string{
			"suite/internal/careful", "suite/internal/limits", "suite/report/words", "suite/report",
		},
		why: "a joined report follows from its parts alone",
	},
	{
		from: "suite/schema",
		to:   []string{"suite/report", "suite/internal/sut", "scenarios"},
		why:  "a schema follows from the types that decode a file",
	},
	{
		from: "suite/upgrade/atlas",
		to: []string{
			"suite/internal/redact", "suite/internal/output", "suite/report/...", "suite/upgrade",
			"scenarios/...",
		},
		why: "an atlas is made of reports",
	},
	{
		from: "suite/upgrade",
		to: []string{
			"suite", "suite/report/...", "suite/internal/sut", "suite/internal/world", "scenarios",
			"pebble/presets",
		},
		why: "an upgrade is two runs and their difference",
	},
	{
		from: "suite/internal/command",
		to:   []string{"suite/report"},
		why:  "it starts a command and knows nothing of it",
	},
	{
		from: "suite/cmd/...",
		to: []string{
			"suite/...", "scenarios", "pebble/...", "fixtures/...",
		},
		why: "a command may use everything but the server",
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
