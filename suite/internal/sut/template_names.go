package sut

import (
	"slices"
	"text/template"
	"text/template/parse"
)

// namesIn returns the names that a template takes from a map of its data:
// "tls_cert_path" for {{.Keys.tls_cert_path}} and the field Keys.
func namesIn(t *template.Template, field string) []string {
	var names []string
	var walk func(parse.Node)
	list := func(l *parse.ListNode) {
		if l != nil {
			for _, n := range l.Nodes {
				walk(n)
			}
		}
	}
	branch := func(b *parse.BranchNode) {
		walk(b.Pipe)
		list(b.List)
		list(b.ElseList)
	}
	path := func(words []string) {
		if len(words) > 1 && words[0] == field && !slices.Contains(names, words[1]) {
			names = append(names, words[1])
		}
	}
	walk = func(n parse.Node) {
		switch n := n.(type) {
		case *parse.ListNode:
			list(n)
		case *parse.ActionNode:
			walk(n.Pipe)
		case *parse.IfNode:
			branch(&n.BranchNode)
		case *parse.RangeNode:
			branch(&n.BranchNode)
		case *parse.WithNode:
			branch(&n.BranchNode)
		case *parse.TemplateNode:
			walk(n.Pipe)
		case *parse.PipeNode:
			if n != nil {
				for _, c := range n.Cmds {
					walk(c)
				}
			}
		case *parse.CommandNode:
			for _, a := range n.Args {
				walk(a)
			}
		case *parse.ChainNode:
			walk(n.Node)
		case *parse.FieldNode:
			path(n.Ident)
		case *parse.VariableNode:
			if n.Ident[0] == "$" {
				path(n.Ident[1:])
			}
		}
	}
	for _, defined := range t.Templates() {
		if defined.Tree != nil {
			list(defined.Root)
		}
	}
	return names
}
