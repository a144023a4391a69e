package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"assay/suite/report/words"
)

// The kinds of changes.
const (
	opNegate   = "negate"   // a condition is negated
	opNever    = "never"    // the body of an if that leaves the block is not entered
	opBoundary = "boundary" // < becomes <=
	opEquality = "equality" // == becomes != within a condition
	opAndOr    = "and-or"   // && becomes ||
	opOperand  = "operand"  // one side of && or || is left out
	opRemove   = "remove"   // a statement is left out
	opNoError  = "no-error" // an error is not returned
	opConstant = "constant" // a constant is changed
)

// A changer puts changes into one file.
type changer struct {
	fset   *token.FileSet
	info   *types.Info
	pkg    *types.Package
	file   string
	text   []byte
	points *[]point

	within  string // the function
	wraps   []wrap
	imports map[string]string // names by import path
}

// A wrap puts text around a part of the file.
type wrap struct {
	from, to      int
	before, after string
}

// change notes all changes of a file. It reports whether there are any.
func (c *changer) change(file *ast.File) bool {
	c.imports = map[string]string{}
	for _, i := range file.Imports {
		at := strings.Trim(i.Path.Value, `"`)
		c.imports[at] = at[strings.LastIndex(at, "/")+1:]
		if i.Name != nil {
			c.imports[at] = i.Name.Name
		}
	}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body == nil {
			continue
		}
		c.within = f.Name.Name
		if f.Recv != nil && len(f.Recv.List) > 0 {
			c.within = strings.TrimPrefix(c.source(f.Recv.List[0].Type), "*") + "." + c.within
		}
		ast.Inspect(f.Body, c.visit)
	}
	return len(c.wraps) > 0
}

// result returns the text of the file with all changes.
func (c *changer) result(file *ast.File) string {
	type insertion struct {
		at, rank int
		text     string
	}
	// The longest wrap is outermost. Of those of one part the first one is, since parents
	// are visited before their children.
	order := make([]int, len(c.wraps))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := c.wraps[a], c.wraps[b]
		return cmp.Or((y.to-y.from)-(x.to-x.from), a-b)
	})
	var all []insertion
	for rank, i := range order { // the outermost first
		w := c.wraps[i]
		all = append(all, insertion{w.from, len(order) + rank, w.before})
		all = append(all, insertion{w.to, len(order) - rank - 1, w.after})
	}
	name := c.offset(file.Name.End())
	all = append(all, insertion{name, 0, "; import survey " + fmt.Sprintf("%q", switchPackage)})
	slices.SortStableFunc(all, func(a, b insertion) int { return cmp.Or(a.at-b.at, a.rank-b.rank) })
	var out strings.Builder
	done := 0
	for _, x := range all {
		out.Write(c.text[done:x.at])
		out.WriteString(x.text)
		done = x.at
	}
	out.Write(c.text[done:])
	return out.String()
}

func (c *changer) offset(p token.Pos) int { return c.fset.Position(p).Offset }

// source returns the text of a node.
func (c *changer) source(n ast.Node) string {
	return string(c.text[c.offset(n.Pos()):c.offset(n.End())])
}

// note adds a point at a node and wraps the node's text. %d in before stands for the
// point's number.
func (c *changer) note(n ast.Node, operator, becomes, before, after string) {
	p := point{
		Number: len(*c.points) + 1, File: c.file, Line: c.fset.Position(n.Pos()).Line,
		Func: c.within, Operator: operator, Text: oneLine(c.source(n)), Becomes: oneLine(becomes),
	}
	*c.points = append(*c.points, p)
	number := fmt.Sprint(p.Number)
	c.wraps = append(c.wraps, wrap{
		c.offset(n.Pos()), c.offset(n.End()),
		strings.ReplaceAll(before, "%d", number), strings.ReplaceAll(after, "%d", number),
	})
}

// oneLine returns a text on one line, shortened to 80 bytes.
func oneLine(text string) string {
	const most = 80
	return words.Cut(words.OneLine(text), most)
}

// visit notes the changes of one node.
func (c *changer) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GenDecl:
		return n.Tok != token.CONST
	case *ast.CallExpr:
		c.exit(n)
	case *ast.IfStmt:
		c.condition(n.Cond)
		if n.Else == nil && leaves(n.Body) {
			c.note(n.Cond, opNever, "false", "((", ") && !survey.On(%d))")
		}
	case *ast.ForStmt:
		if n.Cond != nil {
			c.condition(n.Cond)
		}
	case *ast.BinaryExpr:
		c.binary(n)
	case *ast.BlockStmt:
		c.statements(n.List)
	case *ast.CaseClause:
		for _, e := range n.List {
			if c.isBool(e) {
				c.condition(e)
				ast.Inspect(e, c.visit)
			}
		}
		c.statements(n.Body)
		for _, s := range n.Body {
			ast.Inspect(s, c.visit)
		}
		return false
	case *ast.CommClause:
		c.statements(n.Body)
	case *ast.ReturnStmt:
		c.returned(n)
	case *ast.KeyValueExpr:
		if c.constant(n.Key) {
			ast.Inspect(n.Value, c.visit)
			return false
		}
	case *ast.ArrayType, *ast.StructType, *ast.FuncType:
		return false
	}
	if e, ok := n.(ast.Expr); ok && c.constant(e) {
		c.changeConstant(e)
		return false
	}
	return true
}

// exit lets the server tell what it has reached before it exits.
func (c *changer) exit(call *ast.CallExpr) {
	if c.source(call.Fun) == "os.Exit" && len(call.Args) == 1 {
		from, to := c.offset(call.Args[0].Pos()), c.offset(call.Args[0].End())
		c.wraps = append(c.wraps, wrap{from, to, "survey.End(", ")"})
	}
}

func (c *changer) isBool(e ast.Expr) bool {
	t, ok := c.info.Types[e]
	if !ok || t.Value != nil || !t.IsValue() {
		return false
	}
	basic, ok := t.Type.(*types.Basic)
	return ok && basic.Info()&types.IsBoolean != 0
}

// condition negates a condition.
func (c *changer) condition(e ast.Expr) {
	if c.isBool(e) {
		c.note(e, opNegate, "!("+c.source(e)+")", "survey.Not(%d, ", ")")
	}
}

// leaves reports whether a block ends by leaving what is around it.
func leaves(b *ast.BlockStmt) bool {
	if len(b.List) == 0 {
		return false
	}
	switch b.List[len(b.List)-1].(type) {
	case *ast.ReturnStmt, *ast.BranchStmt:
		return true
	}
	return false
}

var swapped = map[token.Token]string{
	token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">",
}

func (c *changer) binary(e *ast.BinaryExpr) {
	x, y := c.source(e.X), c.source(e.Y)
	switch e.Op {
	case token.LSS, token.LEQ, token.GTR, token.GEQ:
		if pure(e) && !c.constant(e) {
			changed := x + " " + swapped[e.Op] + " " + y
			c.note(e, opBoundary, changed, "survey.If(%d, "+changed+", ", ")")
		}
	case token.LAND, token.LOR:
		if !c.isBool(e) {
			return
		}
		name, other, keep := "And", "||", "(survey.On(%d) || "
		if e.Op == token.LOR {
			name, other, keep = "Or", "&&", "(!survey.On(%d) && "
		}
		// The right side becomes the body of a function, in place of the operator.
		c.wraps = append(c.wraps, wrap{c.offset(e.X.Pos()), c.offset(e.X.End()), "", ", func() bool {"},
			wrap{c.offset(e.Y.Pos()), c.offset(e.Y.End()), " return ", ""})
		for i, side := range []ast.Expr{e.X, e.Y} {
			if !c.isBool(side) {
				continue
			}
			if b, ok := side.(*ast.BinaryExpr); ok && (b.Op == token.EQL || b.Op == token.NEQ) {
				c.note(side, opEquality, "!("+c.source(side)+")", "survey.Not(%d, ", ")")
			}
			c.note(side, opOperand, []string{y, x}[i], keep, ")")
		}
		c.note(e, opAndOr, x+" "+other+" "+y, "survey."+name+"(%d, ", " })")
		c.blank(c.offset(e.OpPos), len(e.Op.String()))
	}
}

// blank replaces some bytes of the file by spaces. The file keeps its length.
func (c *changer) blank(at, n int) {
	for i := range n {
		c.text[at+i] = ' '
	}
}

// pure reports whether an expression can be evaluated twice.
func pure(e ast.Expr) bool {
	ok := true
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			ok = false
		case *ast.UnaryExpr:
			ok = ok && n.Op != token.ARROW
		case *ast.CallExpr:
			f, named := n.Fun.(*ast.Ident)
			ok = ok && named && (f.Name == "len" || f.Name == "cap")
		}
		return ok
	})
	return ok
}

// statements leaves out statements of a block.
func (c *changer) statements(list []ast.Stmt) {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.ExprStmt:
			if call, ok := s.X.(*ast.CallExpr); !ok || c.source(call.Fun) == "panic" ||
				c.source(call.Fun) == "os.Exit" {
				continue
			}
		case *ast.AssignStmt:
			if s.Tok == token.DEFINE {
				continue
			}
		case *ast.IncDecStmt, *ast.SendStmt, *ast.GoStmt, *ast.DeferStmt:
		default:
			continue
		}
		c.note(s, opRemove, "nothing", "if !survey.On(%d) { ", " }")
	}
}

var errorType = types.Universe.Lookup("error").Type()

// returned leaves out the error that a function returns.
func (c *changer) returned(r *ast.ReturnStmt) {
	if len(r.Results) == 0 {
		return
	}
	last := r.Results[len(r.Results)-1]
	t, ok := c.info.Types[last]
	if !ok || t.Type == nil || t.IsNil() || !types.Identical(t.Type, errorType) {
		return
	}
	c.note(last, opNoError, "nil", "survey.NoError(%d, ", ")")
}

// constant reports whether an expression is constant.
func (c *changer) constant(e ast.Expr) bool {
	t, ok := c.info.Types[e]
	return ok && t.Value != nil
}

// changeConstant changes an expression that is constant.
func (c *changer) changeConstant(e ast.Expr) {
	t := c.info.Types[e]
	name, ok := c.nameOf(t.Type)
	if !ok {
		return
	}
	own, becomes := c.source(e), ""
	switch t.Value.Kind() {
	case constant.Bool:
		becomes = "!(" + own + ")"
	case constant.Int:
		becomes = own + " + 1"
		if name != "int" && strings.HasSuffix(name, "Duration") && constant.Sign(t.Value) != 0 {
			becomes = "2 * (" + own + ")"
		}
	case constant.String:
		text := constant.StringVal(t.Value)
		switch {
		case strings.ContainsAny(text, " %\n"): // a message, or the form of one
			return
		case text == "":
			becomes = `"x"`
		default:
			becomes = `""`
		}
	default:
		return
	}
	c.note(e, opConstant, becomes, "survey.Const["+name+"](%d, ", ", "+name+"("+becomes+"))")
}

// nameOf returns the name of a type in the file, if the file has one for it.
func (c *changer) nameOf(t types.Type) (string, bool) {
	switch t := t.(type) {
	case *types.Basic:
		return t.Name(), t.Info()&types.IsUntyped == 0
	case *types.Named:
		in := t.Obj().Pkg()
		switch {
		case in == nil || t.TypeArgs().Len() > 0:
		case in == c.pkg:
			return t.Obj().Name(), t.Obj().Parent() == in.Scope()
		case c.imports[in.Path()] != "" && t.Obj().Exported():
			return c.imports[in.Path()] + "." + t.Obj().Name(), true
		}
	}
	return "", false
}
