package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// module is the path of the module whose layout is checked.
const module = "assay"

// A source is one Go file of the module.
type source struct {
	name    string // path from the module's root, with slashes
	syntax  *ast.File
	files   *token.FileSet
	imports []string // packages of the module, as directories from its root
}

// dir returns the directory of the file.
func (s source) dir() string { return path.Dir(s.name) }

// test reports whether the file is compiled only into tests.
func (s source) test() bool { return strings.HasSuffix(s.name, "_test.go") }

// check returns all findings about the tree, sorted.
func check(root fs.FS) ([]string, error) {
	sources, err := read(root)
	if err != nil {
		return nil, err
	}
	findings := slices.Concat(checkArrows(sources), checkSizes(sources),
		checkComments(sources), checkReads(sources), checkCuts(sources))
	slices.Sort(findings)
	return findings, nil
}

// read parses every Go file of the module, including those that the go command
// would leave out on this system. It skips nested modules and the directories
// that the go command ignores.
func read(root fs.FS) ([]source, error) {
	var sources []source
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && ignored(root, name):
			return fs.SkipDir
		case entry.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		s, err := parse(root, name)
		sources = append(sources, s)
		return err
	})
	return sources, err
}

// ignored reports whether a directory does not belong to the module.
func ignored(root fs.FS, dir string) bool {
	base := path.Base(dir)
	if base == "testdata" || base == "vendor" || base[0] == '.' || base[0] == '_' {
		return true
	}
	_, err := fs.Stat(root, path.Join(dir, "go.mod"))
	return err == nil
}

func parse(root fs.FS, name string) (source, error) {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return source{}, err
	}
	s := source{name: name, files: token.NewFileSet()}
	s.syntax, err = parser.ParseFile(s.files, name, text, parser.ParseComments)
	if err != nil {
		return source{}, err
	}
	for _, spec := range s.syntax.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return source{}, fmt.Errorf("%s: import %s: %w", name, spec.Path.Value, err)
		}
		if dir, ok := strings.CutPrefix(imported, module+"/"); ok {
			s.imports = append(s.imports, dir)
		}
	}
	return s, nil
}
