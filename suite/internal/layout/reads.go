package main

import (
	"fmt"
	"go/ast"
	"slices"
	"strconv"
	"strings"
)

// carefulDirs lists the directories whose code works on files that a server under test
// may have made or changed, or that lie in a report, which another program may have
// written. Their access to files goes through package careful.
var carefulDirs = []string{
	"suite", "suite/internal/harness", "suite/internal/match", "suite/internal/storage",
	"suite/internal/sut", "suite/internal/replace", "suite/internal/run",
	"suite/internal/evidence", "suite/internal/capture", "suite/internal/verdict",
	"suite/internal/selection", "suite/internal/page", "suite/internal/output",
	"suite/internal/once", "suite/report", "suite/report/shards",
}

// careless lists the functions that follow any link, wait for the other end of a
// pipe, or read without a limit.
var careless = map[string][]string{
	"os": {
		"Open", "OpenFile", "OpenRoot", "Create", "ReadFile", "ReadDir", "WriteFile", "RemoveAll",
		"MkdirAll", "Chmod", "Chown", "Chtimes", "Rename", "Symlink", "Link", "DirFS", "CopyFS",
		"Truncate",
	},
	"path/filepath": {"Walk", "WalkDir", "Glob"},
	"io/ioutil":     {"ReadFile", "ReadDir", "WriteFile", "ReadAll"},
	"io":            {"ReadAll"},
}

// An exemption allows one function in one file.
type exemption struct{ file, function, why string }

// exemptions lists the calls that reach no file of a server under test.
var exemptions = []exemption{
	{
		"suite/internal/harness/peers.go", "io.ReadAll",
		"reads a connection up to a limit",
	},
	{
		"suite/internal/once/once.go", "os.OpenFile",
		"opens a lock that it does not read, without waiting and without following a link",
	},
	{
		"suite/internal/run/workers.go", "os.Symlink",
		"makes a link in a directory that the run has just made",
	},
	{
		"suite/internal/sut/load.go", "os.ReadFile",
		"reads a target file, which is the operator's and may be a pipe",
	},
	{
		"suite/internal/sut/prepare.go", "os.MkdirAll",
		"makes a directory that the operator has chosen by --env TMPDIR",
	},
	{
		"suite/internal/sut/schedule.go", "os.MkdirAll",
		"makes a directory that the operator has chosen by --env TMPDIR, or one of a spec " +
			"whose server never ran",
	},
	{"suite/internal/sut/usage.go", "filepath.Glob", "lists processes in /proc"},
	{"suite/internal/sut/usage.go", "os.ReadFile", "reads /proc/PID/stat, which the kernel writes"},
	{"suite/internal/sut/usage.go", "os.ReadDir", "lists the descriptors of a process in /proc"},
	{
		"suite/internal/output/output.go", "os.MkdirAll",
		"makes the directory that the operator has chosen",
	},
}

// thisFile is the name of this file in its module.
const thisFile = "suite/internal/layout/reads.go"

// checkReads finds calls that read or change files without care where the files may
// be hostile, and exemptions that are no longer needed.
func checkReads(sources []source) []string {
	var findings []string
	used := map[exemption]bool{}
	for _, s := range sources {
		if s.test() || !slices.Contains(carefulDirs, s.dir()) {
			continue
		}
		names := importNames(s)
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := selector.X.(*ast.Ident)
			if !ok || !slices.Contains(careless[names[pkg.Name]], selector.Sel.Name) {
				return true
			}
			function := pkg.Name + "." + selector.Sel.Name
			i := slices.IndexFunc(exemptions, func(e exemption) bool {
				return e.file == s.name && e.function == function
			})
			if i >= 0 {
				used[exemptions[i]] = true
				return true
			}
			findings = append(findings, fmt.Sprintf(
				"%s: line %d calls %s, expected a function of suite/internal/careful, or an exemption "+
					"with its reason in suite/internal/layout/reads.go",
				s.name, s.files.Position(selector.Pos()).Line, function))
			return true
		})
	}
	for _, e := range exemptions {
		// Trees of tests hold a few files.
		whole := slices.ContainsFunc(sources, func(s source) bool { return s.name == thisFile })
		if whole && !used[e] {
			findings = append(findings, fmt.Sprintf(
				"%s: does not call %s, for which suite/internal/layout/reads.go has an exemption",
				e.file, e.function))
		}
	}
	return findings
}

// importNames returns the paths of a file's imports by the names that stand for them
// in the file.
func importNames(s source) map[string]string {
	names := map[string]string{}
	for _, spec := range s.syntax.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := path[strings.LastIndex(path, "/")+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = path
	}
	return names
}
