package main

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"assay/fixtures/overlay"
	"assay/fixtures/survivors"
	"assay/scenarios"
	"assay/suite/report"
)

// changed puts all changes into a file of a package without imports.
func changed(t *testing.T, text string) (points []point, result string) {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "a.go", text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	info := &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{},
	}
	config := types.Config{Importer: importer.Default()}
	checked, err := config.Check("a", fset, []*ast.File{file}, info)
	if err != nil {
		t.Fatal(err)
	}
	c := &changer{
		fset: fset, info: info, pkg: checked, file: "a.go", text: []byte(text), points: &points,
	}
	c.change(file)
	return points, c.result(file)
}

func TestOperators(t *testing.T) {
	t.Parallel()
	const source = `package a

const most = 3

type list []int

func (l *list) add(n int, fits func() bool) error {
	if n > most && (len(*l) == 0 || fits()) {
		return nil
	}
	n++
	*l = append(*l, n)
	switch {
	case n >= 7:
		println("x")
	}
	var err error
	return err
}
`
	points, result := changed(t, source)
	var got []string
	for _, p := range points {
		got = append(got, p.String())
	}
	for _, text := range []string{
		"a.go:8 list.add: negate: n > most && (len(*l) == 0 || fits()) → !(n > most",
		"a.go:8 list.add: never: n > most && (len(*l) == 0 || fits()) → false",
		"a.go:8 list.add: operand: n > most → (len(*l) == 0 || fits())",
		"a.go:8 list.add: and-or: n > most && (len(*l) == 0 || fits()) → n > most || (",
		"a.go:8 list.add: boundary: n > most → n >= most",
		"a.go:8 list.add: constant: most → most + 1",
		"a.go:8 list.add: equality: len(*l) == 0 → !(len(*l) == 0)",
		"a.go:8 list.add: and-or: len(*l) == 0 || fits() → len(*l) == 0 && fits()",
		"a.go:11 list.add: remove: n++ → nothing",
		"a.go:12 list.add: remove: *l = append(*l, n) → nothing",
		"a.go:14 list.add: negate: n >= 7 → !(n >= 7)",
		"a.go:15 list.add: remove: println(\"x\") → nothing",
		"a.go:18 list.add: no-error: err → nil",
	} {
		if !slices.ContainsFunc(got, func(line string) bool { return strings.Contains(line, text) }) {
			t.Errorf("found no change %q in\n%s", text, strings.Join(got, "\n"))
		}
	}
	// The result has to compile, and every line stays where it was.
	if strings.Count(result, "\n") != strings.Count(source, "\n") {
		t.Errorf("the lines have moved:\n%s", result)
	}
	result = strings.Replace(result, `; import survey "`+switchPackage+`"`, "", 1)
	result = strings.ReplaceAll(result, "survey.", "")
	_, rest, _ := strings.Cut(switchSource, "func Not(")
	declared := "\nfunc On(int) bool { return false }\n\nfunc Not(" + rest
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "a.go", result+declared, parser.SkipObjectResolution)
	if err != nil {
		t.Fatalf("%v:\n%s", err, result)
	}
	config := types.Config{Importer: importer.Default()}
	if _, err := config.Check("a", fset, []*ast.File{file}, nil); err != nil {
		t.Errorf("%v:\n%s", err, result)
	}
}

// TestServer changes the server of this module. Every explained survivor is a change of
// it.
func TestServer(t *testing.T) {
	t.Parallel()
	root, err := overlay.Root(serverPackage)
	if err != nil {
		t.Fatal(err)
	}
	program, err := instrument(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	if len(program.points) < 1000 {
		t.Errorf("found %d changes, expected many", len(program.points))
	}
	if _, err := loadExplained(os.DirFS(root), program.points); err != nil {
		t.Error(err)
	}
	some, err := selection(program.points, options{Files: []string{"server/acme/*.go"}})
	if err != nil || len(some) == 0 || len(some) == len(program.points) {
		t.Errorf("selected %d (%v), expected the changes of server/acme", len(some), err)
	}
	if _, err := selection(program.points, options{Files: []string{"none"}}); err == nil {
		t.Error("a glob that matches no file was accepted")
	}
}

func TestSample(t *testing.T) {
	t.Parallel()
	var points []point
	for i := range 100 {
		points = append(points, point{Number: i})
	}
	one, same, other := sample(points, 10, 1), sample(points, 10, 1), sample(points, 10, 2)
	if len(one) != 10 || !slices.Equal(one, same) || slices.Equal(one, other) {
		t.Errorf("found %v, %v and %v, expected ten, the same, and others", one, same, other)
	}
	if len(sample(points, 0, 1)) != 100 || len(sample(points, 200, 1)) != 100 {
		t.Error("a sample of none or of more than all is not all")
	}
}

func TestExplainedMistakes(t *testing.T) {
	t.Parallel()
	points := []point{{File: "a.go", Func: "f", Operator: opRemove, Text: "x = 1"}}
	for text, mistake := range map[string]string{
		"{file: a.go, func: f, operator: remove, because: y}":                 "",
		"{file: a.go, func: f, operator: remove, text: x = 1, because: y}":    "",
		"{file: a.go, func: f, operator: remove, text: x = 2, because: y}":    `f: remove "x = 2"`,
		"{file: a.go, func: g, operator: remove, because: y}":                 "g: remove",
		"{file: a.go, func: f, operator: remove, text: x = 1, because: null}": "because",
	} {
		fsys := fstest.MapFS{survivors.File: {Data: []byte("survivors:\n  - " + text + "\n")}}
		known, err := loadExplained(fsys, points)
		switch {
		case mistake == "" && (err != nil || explain(known, points[0]) != "y"):
			t.Errorf("%s: %v, expected an explanation", text, err)
		case mistake != "" && (err == nil || !strings.Contains(err.Error(), mistake)):
			t.Errorf("%s: %v, expected %q", text, err, mistake)
		}
	}
}

func TestReachOf(t *testing.T) {
	t.Parallel()
	log := func(name string, lines ...string) *report.Evidence {
		return &report.Evidence{Case: name, Log: lines}
	}
	got := reachOf(&report.Report{Results: []report.Result{
		{ID: "A-01", DurationMS: 30, Evidence: log("", "ready", "survey: 1 2", "survey: 2 3")},
		{ID: "A-02", Evidence: log("two", "survey: 3"), Cases: []report.Case{
			{Case: "one", DurationMS: 20, Evidence: log("one", "2026/01/02 survey: 1 x")},
			{Case: "two", DurationMS: 10},
		}},
		{ID: "A-03"},
	}})
	want := &reach{
		Specs:  []spec{{"A-02/two", 10}, {"A-02/one", 20}, {"A-01", 30}},
		Points: map[int][]int{1: {1, 2}, 2: {2}, 3: {0, 2}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	s := &surveyor{
		likely: map[string][]string{"a.go": {"L-01"}},
		reach:  &reach{Points: map[int][]int{1: {0, 1, 2, 3, 4, 5, 6, 7, 8}}},
	}
	for _, name := range strings.Fields("A-01 A-02 A-03 A-04 A-05 A-06 A-07 L-01/one A-09") {
		s.reach.Specs = append(s.reach.Specs, spec{Name: name})
	}
	if got := s.order(point{Number: 1, File: "a.go"}); !slices.Equal(got,
		[]int{0, 1, 2, 3, 4, 5, 7, 6, 8}) {
		t.Errorf("found %v, expected the likely spec after the six cheapest", got)
	}
}

// TestNeeds adds what HTTP01-07 needs, without which its failure would not be judged.
func TestNeeds(t *testing.T) {
	t.Parallel()
	catalogue, err := scenarios.Load()
	if err != nil {
		t.Fatal(err)
	}
	got := (&surveyor{catalogue: catalogue}).withNeeds([]string{"HTTP01-07/port"})
	if !slices.Contains(got, "HTTP01-07/port") || !slices.Contains(got, "HTTP01-20") {
		t.Errorf("found %v, expected HTTP01-20 too", got)
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	at := func(n int) point {
		return point{Number: n, File: "a.go", Line: n, Func: "f", Operator: opNever, Text: "x",
			Becomes: "false"}
	}
	known := []survivors.Survivor{
		{File: "a.go", Func: "f", Operator: opNever, Because: "nobody sees it"},
	}
	caught := result{point: at(1), Caught: []string{"A-01"}, Reaching: 3, Tried: 2}
	lives := result{point: at(2), Reaching: 3, Tried: 3}
	failed := result{point: at(3), Error: "no namespace"}
	p := &program{points: make([]point, 9)}
	for name, c := range map[string]struct {
		results []result
		known   []survivors.Survivor
		exit    int
		says    []string
	}{
		"a survivor": {[]result{caught, lives}, nil, exitSurvivor, []string{
			"2 a.go:2 f: never: x → false\n  no failure in 3 of 3 specs that reach it",
			"2 changes made of 9: 1 caught (50.0 %), 1 survived, 0 survived and are explained",
		}},
		"explained": {[]result{caught, lives}, known, exitOK, []string{
			"1 caught (50.0 %), 0 survived, 1 survived and are explained",
		}},
		"an error": {[]result{caught, failed}, nil, exitTrouble, []string{
			"no verdict: no namespace", "1 caught (100.0 %)", "1 without a verdict",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			results := slices.Clone(c.results)
			if exit := summarize(p, results, c.known, options{}).print(&out); exit != c.exit {
				t.Errorf("exit %d, expected %d", exit, c.exit)
			}
			for _, text := range c.says {
				if !strings.Contains(out.String(), text) {
					t.Errorf("expected %q in\n%s", text, out.String())
				}
			}
		})
	}
}
