package explain

import (
	"encoding/json"
	"flag"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"assay/scenarios"
)

var update = flag.Bool("update", false, "write steps.json anew")

// TestStepsAreCurrent compares steps.json with what the sources of the specs say.
func TestStepsAreCurrent(t *testing.T) {
	steps := readSpecs(t)
	want, err := json.MarshalIndent(steps, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile("steps.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(stepsFile) != string(want) {
		t.Error("steps.json is not what the specs say; run: make generate")
	}
}

// goName matches names of Go. DirCache is known to those who use autocert.
var goName = regexp.MustCompile(`\b\w+\.[A-Z]\w|\b[A-Z][a-z]+[A-Z]\w*`)

// TestEverySpecHasSteps checks that every requirement is explained by at least one
// thing that its spec does, and that no step is empty or has a name of the suite's source.
func TestEverySpecHasSteps(t *testing.T) {
	t.Parallel()
	catalogue, err := scenarios.Load()
	if err != nil {
		t.Fatal(err)
	}
	steps := readSpecs(t)
	for _, r := range catalogue.Requirements() {
		if len(steps[r.ID]) == 0 {
			t.Errorf("%s: found no step, expected at least one", r.ID)
		}
		for _, s := range steps[r.ID] {
			if s.Text == "" || strings.ContainsAny(s.Text, "[]\n") {
				t.Errorf("%s: found the step %q, expected one plain sentence", r.ID, s.Text)
			}
			if name := goName.FindString(s.Text); name != "" && name != "DirCache" {
				t.Errorf("%s: found %s in the step %q, expected no name of Go", r.ID, name, s.Text)
			}
		}
	}
}

// noSteps are functions of the environment that say nothing about what a spec does:
// they compute names and paths, hold other steps, or are of the suite's own concern.
var noSteps = []string{
	"Must", "Path", "Expand", "ExpandAll", "ExpandSettings", "Addr", "Addr6", "Claims", "Context",
	"Eventually", "EventuallyWithin", "Journal", "CA", "HealthPath", "ReadsYAML", "Files", "NamesOf",
	"AnyNameOf", "LastConfiguration", "Said", "NewLineWith", "StartPatience", "ReloadPatience",
	"OwnChallenge", "OtherChallenge", "Own", "Plain", "ACME", "HTTP01", "ALPN01", "With", "Address",
	"Identity", "Mint", "Describe", "FirstLine", "Lines", "Hostname",
	"Close", "InBackground", "NeedsClaim", "Release", "SkipUnless",
}

// reader reads what specs do from their sources.
type reader struct {
	docs      map[string]string // the doc comments of the environment and the matchers, by name
	functions map[string]*ast.FuncDecl
	files     map[string]*ast.File // of a function
	packages  map[string]bool      // names of imported packages
	steps     []Step
	open      map[string]bool // functions that are being read
}

// readSpecs returns the steps of every spec, by ID.
func readSpecs(t *testing.T) map[string][]Step {
	t.Helper()
	set := token.NewFileSet()
	r := &reader{docs: map[string]string{}, functions: map[string]*ast.FuncDecl{},
		files: map[string]*ast.File{}, packages: map[string]bool{}}
	for _, dir := range []string{"../harness", "../harness/rows", "../match"} {
		for _, file := range parseDirectory(t, set, dir) {
			for _, d := range file.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Doc != nil && f.Name.IsExported() {
					r.docs[receiver(f)+f.Name.Name] = f.Doc.Text()
				}
			}
		}
	}
	specs := parseDirectory(t, set, "../..")
	for _, file := range specs {
		for _, i := range file.Imports {
			r.packages[path.Base(strings.Trim(i.Path.Value, `"`))] = true
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				name := f.Name.Name
				if f.Recv != nil {
					name = method(name)
				}
				r.functions[name], r.files[name] = f, file
			}
		}
	}
	all := map[string][]Step{}
	for _, file := range specs {
		ast.Inspect(file, func(n ast.Node) bool {
			id, body := spec(n)
			if body == nil {
				return true
			}
			r.steps, r.open = nil, map[string]bool{}
			if name, ok := body.(*ast.Ident); ok {
				r.function(name.Name)
			} else {
				r.body(file, body)
			}
			all[id] = r.steps
			return false
		})
	}
	if len(all) < 100 {
		t.Fatalf("found %d specs, expected at least 100", len(all))
	}
	return all
}

func parseDirectory(t *testing.T, set *token.FileSet, dir string) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// spec returns the ID and the body of a spec's registration.
func spec(n ast.Node) (id string, body ast.Expr) {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) < 2 {
		return "", nil
	}
	name, ok := call.Fun.(*ast.Ident)
	literal, isLiteral := call.Args[0].(*ast.BasicLit)
	if !ok || name.Name != "Requirement" && name.Name != "Table" || !isLiteral {
		return "", nil
	}
	id, err := strconv.Unquote(literal.Value)
	if err != nil {
		return "", nil
	}
	return id, call.Args[1]
}

// function adds the steps of a function of the specs: its doc comment, and what it
// does.
func (r *reader) function(name string) {
	f := r.functions[name]
	if f == nil || f.Body == nil || r.open[name] {
		return
	}
	r.open[name] = true
	r.body(r.files[name], f.Body)
}

// body adds the comments and the calls of a body in their order.
func (r *reader) body(file *ast.File, body ast.Node) {
	comments := slices.Clone(file.Comments)
	notesBefore := func(pos token.Pos) {
		for len(comments) > 0 && comments[0].Pos() < pos {
			if comments[0].Pos() > body.Pos() {
				r.add(Note, oneLine(comments[0].Text()))
			}
			comments = comments[1:]
		}
	}
	var open []ast.Node
	ast.Inspect(body, func(n ast.Node) bool {
		if n != nil {
			notesBefore(n.Pos())
			open = append(open, n)
			return true
		}
		// The arguments of a call are evaluated before the call.
		if call, ok := open[len(open)-1].(*ast.CallExpr); ok {
			r.call(call.Fun)
		}
		open = open[:len(open)-1]
		return true
	})
	notesBefore(body.End())
}

// receivers names the types of the variables by which specs know the environment
// and its parts.
var receivers = map[string]string{
	"e": "Env.", "server": "Server.", "s": "Server.", "place": "Place.", "hold": "Hold.",
}

// call adds what a function does that is called.
func (r *reader) call(function ast.Expr) {
	switch f := function.(type) {
	case *ast.Ident:
		if ast.IsExported(f.Name) {
			r.documented("", f.Name)
		} else {
			r.function(f.Name)
		}
	case *ast.SelectorExpr:
		x, ok := f.X.(*ast.Ident)
		switch {
		case ok && receivers[x.Name] != "":
			r.documented(receivers[x.Name], f.Sel.Name)
		case ok && !f.Sel.IsExported():
			r.function(method(f.Sel.Name))
		case !ok || !r.packages[x.Name]:
			r.documented(r.onlyType(f.Sel.Name), f.Sel.Name)
		}
	}
}

// onlyType returns the only type of the environment, with a dot, that has a documented
// method of this name; "?." if there are several or none.
func (r *reader) onlyType(name string) string {
	only := "?."
	for documented := range r.docs {
		of, found := strings.CutSuffix(documented, "."+name)
		switch {
		case !found:
		case only != "?.":
			return "?."
		default:
			only = of + "."
		}
	}
	return only
}

// method returns the name by which a reader knows a method of the specs' own types.
// No two of these types that specs call have a method of the same name.
func method(name string) string { return "." + name }

// receiver returns the type of a method with a dot, or "" for a function.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	t := f.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if name, ok := t.(*ast.Ident); ok {
		return name.Name + "."
	}
	return "?."
}

// aside matches what a sentence says to readers of the source alone.
var aside = regexp.MustCompile(`,? and returns [^,;]*$|; see \w+$|,? in the sense of \w+|` +
	`, (a|such as) \w+\.[A-Z]\w*( constant,?)?`)

// valueVerbs are the verbs of functions that return a value, which say nothing about what
// a spec does.
var valueVerbs = []string{"is", "are", "selects", "reports", "returns", "holds"}

// documented adds what a documented function of the environment does, or what a
// matcher checks.
func (r *reader) documented(of, name string) {
	text, ok := r.docs[of+name]
	if !ok || slices.Contains(noSteps, name) {
		return
	}
	sentence := oneLine(new(doc.Package).Synopsis(text))
	sentence = strings.NewReplacer(
		"by [Env.OwnChallenge]", "by a challenge that it claims",
		"until [Load.Stop]", "until the spec ends them", "[", "", "]", "", "Env.", "",
	).Replace(sentence)
	sentence = aside.ReplaceAllString(strings.TrimSuffix(sentence, "."), "")
	for _, form := range []string{" succeeds if ", " matches "} {
		if rest, ok := strings.CutPrefix(sentence, name+form); ok {
			r.add(Check, rest)
			return
		}
	}
	rest, ok := strings.CutPrefix(sentence, name+" ")
	verb, _, _ := strings.Cut(rest, " ")
	if ok && !slices.Contains(valueVerbs, verb) {
		r.add(Do, rest)
	}
}

func (r *reader) add(kind, text string) {
	s := Step{Kind: kind, Text: strings.TrimSuffix(text, ".")}
	if s.Text != "" && !slices.Contains(r.steps, s) && !strings.HasPrefix(s.Text, "nolint") {
		r.steps = append(r.steps, s)
	}
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
