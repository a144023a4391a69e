package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"
)

// cutDir is the only directory below suite whose code cuts texts.
const cutDir = "suite/report/words"

// checkCuts finds code that cuts a text by itself: a part of a text with an ellipsis
// behind it. A cut in the middle of a character, or one byte too many, is a mistake that
// each such place can make anew.
func checkCuts(sources []source) []string {
	var findings []string
	for _, s := range sources {
		if s.test() || !strings.HasPrefix(s.name, "suite/") || s.dir() == cutDir {
			continue
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			sum, ok := n.(*ast.BinaryExpr)
			if ok && sum.Op == token.ADD && holds(sum.X, isPart) && holds(sum.Y, isEllipsis) {
				findings = append(findings, fmt.Sprintf(
					"%s: line %d cuts a text, expected a function of %s",
					s.name, s.files.Position(sum.Pos()).Line, cutDir))
				return false
			}
			return true
		})
	}
	return findings
}

// holds reports whether something within a node is what is looked for. What is joined is a
// list.
func holds(n ast.Node, what func(ast.Node) bool) (found bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		found = found || what(n)
		call, isCall := n.(*ast.CallExpr)
		if isCall {
			selector, ok := call.Fun.(*ast.SelectorExpr)
			isCall = ok && selector.Sel.Name == "Join"
		}
		return !found && !isCall
	})
	return found
}

// isPart reports whether a node is the beginning of a text or of a list.
func isPart(n ast.Node) bool {
	part, ok := n.(*ast.SliceExpr)
	return ok && part.High != nil
}

func isEllipsis(n ast.Node) bool {
	text, ok := n.(*ast.BasicLit)
	return ok && text.Kind == token.STRING && strings.HasPrefix(strings.Trim(text.Value, "\"` "),
		"…")
}
