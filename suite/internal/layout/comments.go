package main

import (
	"fmt"
	"go/ast"
	"strings"
)

// checkComments finds doc comments that name their identifier without a verb
// that says what it does: "Name: text", "Name is what text", and, for a function,
// "Name is text" and "Name says whether". It also finds comments of functions that
// begin with another name.
func checkComments(sources []source) []string {
	var findings []string
	for _, s := range sources {
		for _, d := range s.syntax.Decls {
			for _, c := range documented(d) {
				if form := badForm(c, s.test()); form != "" {
					findings = append(findings, fmt.Sprintf(
						"%s: the comment of %s begins with %q, expected its name and a verb",
						s.files.Position(c.doc.Pos()), c.name, form))
				}
			}
		}
	}
	return findings
}

// A comment is the doc comment of an identifier.
type comment struct {
	name     string
	function bool
	doc      *ast.CommentGroup
}

// documented returns the comments of what a declaration declares.
func documented(d ast.Decl) []comment {
	var all []comment
	add := func(name string, docs ...*ast.CommentGroup) {
		for _, doc := range docs {
			if doc != nil {
				all = append(all, comment{name, false, doc})
				return
			}
		}
	}
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Doc != nil && d.Name.Name != "init" {
			all = append(all, comment{d.Name.Name, true, d.Doc})
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				add(spec.Name.Name, spec.Doc, d.Doc)
				for _, f := range fieldsOf(spec.Type) {
					for _, name := range f.Names {
						add(name.Name, f.Doc)
					}
				}
			case *ast.ValueSpec:
				add(spec.Names[0].Name, spec.Doc, d.Doc)
			}
		}
	}
	return all
}

// fieldsOf returns the fields of a struct, or the methods of an interface.
func fieldsOf(t ast.Expr) []*ast.Field {
	switch t := t.(type) {
	case *ast.StructType:
		return t.Fields.List
	case *ast.InterfaceType:
		return t.Methods.List
	}
	return nil
}

// badForm returns the beginning of a comment that has one of the bad forms. It
// returns "" for any other comment. Comments of tests may begin with any word.
func badForm(c comment, test bool) string {
	text := c.doc.Text()
	tails := []string{":", " is what ", " are what "}
	if c.function {
		tails = append(tails, " is ", " are ", " says whether ")
		if first, _, _ := strings.Cut(text, " "); !test && first != c.name {
			return first
		}
	}
	for _, article := range []string{"", "A ", "An ", "The "} {
		for _, tail := range tails {
			if begin := article + c.name + tail; strings.HasPrefix(text, begin) {
				return strings.TrimSpace(begin)
			}
		}
	}
	return ""
}
