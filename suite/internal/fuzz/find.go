package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A function is a fuzz function.
type function struct {
	name string
	dir  string // of the package, relative to the module, with slashes
}

// find returns the fuzz functions of the module in this directory, by package.
func find(ctx context.Context, module string) (all []function, err error) {
	root, err := filepath.Abs(module)
	if err != nil {
		return nil, err
	}
	if root, err = filepath.EvalSymlinks(root); err != nil {
		return nil, err
	}
	list := exec.CommandContext(ctx, "go", "list", "-json=Dir,TestGoFiles,XTestGoFiles", "./...")
	list.Dir = root
	text, err := list.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return nil, fmt.Errorf("go list: %w", err)
	}
	for decoder := json.NewDecoder(strings.NewReader(string(text))); ; {
		var p struct {
			Dir                       string
			TestGoFiles, XTestGoFiles []string
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		dir, err := filepath.Rel(root, p.Dir)
		if err != nil {
			return nil, err
		}
		for _, file := range slices.Concat(p.TestGoFiles, p.XTestGoFiles) {
			names, err := fuzzFunctions(filepath.Join(p.Dir, file))
			if err != nil {
				return nil, err
			}
			for _, name := range names {
				all = append(all, function{name: name, dir: filepath.ToSlash(dir)})
			}
		}
	}
}

// fuzzFunctions returns the names of the fuzz functions of a file, as go test chooses
// them: what follows "Fuzz" does not begin with a small letter.
func fuzzFunctions(file string) (names []string, err error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, d := range parsed.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv != nil || f.Type.Params.NumFields() != 1 {
			continue
		}
		rest, ok := strings.CutPrefix(f.Name.Name, "Fuzz")
		if first, _ := utf8.DecodeRuneInString(rest); ok && (rest == "" || !unicode.IsLower(first)) {
			names = append(names, f.Name.Name)
		}
	}
	return names, nil
}
