package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
)

const (
	// serverPackage is the command whose packages are changed.
	serverPackage = "./server/cmd/assay-server"
	// switchDir holds the package that the changed sources ask which change to make. It
	// exists in the overlay alone, and this command does not import it.
	switchDir = "server/internal/survey"
	// switchPackage is its import path in this module.
	switchPackage = "assay/" + switchDir
)

// A program is the reference server with all changes in it.
type program struct {
	points  []point
	sources map[string]string // by path from the module's root, with slashes
}

// A point is a place where the server can be changed, and how.
type point struct {
	Number int    `json:"number"` // from 1
	File   string `json:"file"`   // from the module's root, with slashes
	Line   int    `json:"line"`
	Func   string `json:"func"`
	// Operator names the kind of change, see operators.go.
	Operator string `json:"operator"`
	Text     string `json:"text"`    // of the source, on one line
	Becomes  string `json:"becomes"` // in words or as text
}

// String returns the point on one line.
func (p point) String() string {
	return fmt.Sprintf("%d %s:%d %s: %s: %s → %s",
		p.Number, p.File, p.Line, p.Func, p.Operator, p.Text, p.Becomes)
}

// A pkg holds what go list tells of a package.
type pkg struct {
	Dir, ImportPath, Export string
	GoFiles                 []string
	Module                  *struct{ Main bool }
}

// list returns the server's own packages, and where the compiled form of each package is
// that they import.
func list(ctx context.Context, root string) (own []pkg, exports map[string]string, err error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-export", "-deps",
		"-json=Dir,ImportPath,Export,GoFiles,Module", serverPackage)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		return nil, nil, fmt.Errorf("go list: %w: %s", err, stderr.String())
	}
	exports = map[string]string{}
	for decoder := json.NewDecoder(bytes.NewReader(text)); ; {
		var p pkg
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return own, exports, nil
		}
		if err != nil {
			return nil, nil, fmt.Errorf("go list: %w", err)
		}
		exports[p.ImportPath] = p.Export
		if p.Module != nil && p.Module.Main {
			own = append(own, p)
		}
	}
}

// instrument puts all changes into the server's sources. root is the module's directory.
func instrument(ctx context.Context, root string) (*program, error) {
	own, exports, err := list(ctx, root)
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	imports := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("found no compiled form of %s", path)
		}
		return os.Open(exports[path])
	})
	slices.SortFunc(own, func(a, b pkg) int { return cmp.Compare(a.ImportPath, b.ImportPath) })
	all := &program{sources: map[string]string{}}
	for _, p := range own {
		if err := all.add(fset, imports, root, p); err != nil {
			return nil, err
		}
	}
	all.sources[switchDir+"/survey.go"] = switchSource
	return all, nil
}

// add changes the sources of one package.
func (p *program) add(fset *token.FileSet, imports types.Importer, root string, of pkg) error {
	var files []*ast.File
	var texts [][]byte
	for _, name := range of.GoFiles {
		text, err := os.ReadFile(filepath.Join(of.Dir, name))
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(fset, name, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files, texts = append(files, file), append(texts, text)
	}
	info := &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{},
	}
	config := types.Config{Importer: imports}
	checked, err := config.Check(of.ImportPath, fset, files, info)
	if err != nil {
		return fmt.Errorf("%s: %w", of.ImportPath, err)
	}
	dir, err := filepath.Rel(root, of.Dir)
	if err != nil {
		return err
	}
	for i, file := range files {
		c := &changer{
			fset: fset, info: info, pkg: checked, text: texts[i],
			file: path.Join(filepath.ToSlash(dir), of.GoFiles[i]), points: &p.points,
		}
		if c.change(file) {
			p.sources[c.file] = c.result(file)
		}
	}
	return nil
}

// switchSource is the package that knows which change to make, and that tells on standard
// error which changes the server has reached, if it is asked to.
const switchSource = `// Package survey says which of its changes the server makes.
package survey

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

var (
	value     = os.Getenv("SURVEY_CHANGE")
	active, _ = strconv.Atoi(value)
	tracing   = value == "trace"

	mu      sync.Mutex
	seen    = map[int]bool{}
	pending []string
)

// On reports whether the server makes this change.
func On(n int) bool {
	if tracing {
		note(n)
	}
	return n == active
}

func note(n int) {
	mu.Lock()
	defer mu.Unlock()
	if seen[n] {
		return
	}
	seen[n] = true
	if pending = append(pending, strconv.Itoa(n)); len(pending) == 1 {
		time.AfterFunc(2*time.Millisecond, flush)
	}
}

func flush() {
	mu.Lock()
	defer mu.Unlock()
	if len(pending) > 0 {
		fmt.Fprintln(os.Stderr, "survey:", strings.Join(pending, " "))
		pending = nil
	}
}

// End tells what was reached before the server exits.
func End(code int) int {
	flush()
	return code
}

func Not(n int, c bool) bool { return On(n) != c }

func If(n int, changed, own bool) bool {
	if On(n) {
		return changed
	}
	return own
}

func And(n int, a bool, b func() bool) bool {
	if On(n) {
		return a || b()
	}
	return a && b()
}

func Or(n int, a bool, b func() bool) bool {
	if On(n) {
		return a && b()
	}
	return a || b()
}

func NoError(n int, err error) error {
	if On(n) {
		return nil
	}
	return err
}

func Const[T any](n int, own, changed T) T {
	if On(n) {
		return changed
	}
	return own
}
`
