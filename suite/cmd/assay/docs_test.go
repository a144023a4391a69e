package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"assay/suite/report"
)

// repository is the root of the checkout.
var repository = os.DirFS("../../..")

// files returns the paths of all files of the repository with one of these
// extensions. It skips what builds and runs write.
func files(t *testing.T, extensions ...string) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(repository, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (name == ".git" || name == "bin" || strings.HasPrefix(name, "assay-")):
			return fs.SkipDir
		case !entry.IsDir() && slices.Contains(extensions, path.Ext(name)):
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// content returns the text of a file of the repository.
func content(t *testing.T, name string) string {
	t.Helper()
	text, err := fs.ReadFile(repository, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A document holds the parts of a Markdown file.
type document struct {
	name    string
	links   []string        // destinations of links outside of code
	anchors map[string]bool // anchors that GitHub gives to the headings
	code    []string        // lines of code blocks, and code spans
}

var (
	heading  = regexp.MustCompile(`^#{1,6} +(.*?)(?: +#+)?$`)
	codeSpan = regexp.MustCompile("`+([^`]+)`+")
	link     = regexp.MustCompile(`\]\(<?([^()<>\s]+)>?(?: "[^"]*")?\)`)
	unslug   = regexp.MustCompile(`[^\pL\pN _-]`)
)

// parse returns the parts of a Markdown file.
func parse(name, text string) document {
	d := document{name: name, anchors: map[string]bool{}}
	fence := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		trimmed := strings.TrimSpace(line)
		switch {
		case fence == "" && strings.HasPrefix(trimmed, "```"):
			fence = trimmed[:strings.LastIndex(trimmed, "`")+1]
			continue
		case fence != "" && trimmed == fence:
			fence = ""
			continue
		case fence != "":
			d.code = append(d.code, trimmed)
			continue
		}
		if m := heading.FindStringSubmatch(line); m != nil {
			d.addAnchor(m[1])
		}
		for _, m := range codeSpan.FindAllStringSubmatch(line, -1) {
			d.code = append(d.code, m[1])
		}
		for _, m := range link.FindAllStringSubmatch(codeSpan.ReplaceAllString(line, ""), -1) {
			d.links = append(d.links, m[1])
		}
	}
	return d
}

// addAnchor adds the anchor that GitHub gives to a heading.
func (d *document) addAnchor(title string) {
	title = strings.ToLower(strings.NewReplacer("`", "", "*", "").Replace(title))
	slug := strings.ReplaceAll(unslug.ReplaceAllString(title, ""), " ", "-")
	anchor := slug
	for i := 1; d.anchors[anchor]; i++ {
		anchor = fmt.Sprintf("%s-%d", slug, i)
	}
	d.anchors[anchor] = true
}

// documents returns all Markdown files of the repository by path.
func documents(t *testing.T) map[string]document {
	t.Helper()
	all := map[string]document{}
	for _, name := range files(t, ".md") {
		all[name] = parse(name, content(t, name))
	}
	if len(all) < 5 {
		t.Fatalf("found %d documents, expected at least 5", len(all))
	}
	return all
}

func TestLinksOfDocumentsExist(t *testing.T) {
	t.Parallel()
	all := documents(t)
	for name, d := range all {
		for _, destination := range d.links {
			if strings.Contains(destination, "://") || strings.HasPrefix(destination, "mailto:") {
				continue
			}
			if why := broken(all, d, destination); why != "" {
				t.Errorf("%s: link to %s: %s", name, destination, why)
			}
		}
	}
}

// broken returns what is wrong with a relative link of a document, or "" if its
// destination exists.
func broken(all map[string]document, from document, destination string) string {
	file, anchor, _ := strings.Cut(destination, "#")
	to := from.name
	if file != "" {
		to = path.Join(path.Dir(from.name), file)
		if _, err := fs.Stat(repository, to); err != nil {
			return err.Error()
		}
	}
	if anchor == "" {
		return ""
	}
	d, ok := all[to]
	switch {
	case !ok:
		return "found an anchor in a file that is not Markdown, expected none"
	case !d.anchors[anchor]:
		return "expected a heading of " + to + " with this anchor"
	}
	return ""
}

var (
	makeTarget = regexp.MustCompile(`(?m)^([a-z][a-z-]*):(?:[^=]|$)`)
	makeCall   = regexp.MustCompile(`(?:^|[\s(;&])make (?:-C \S+ )?([a-z][a-z-]*(?: [a-z][a-z-]*)*)`)
)

func TestMakeTargetsInDocumentsExist(t *testing.T) {
	t.Parallel()
	targets := map[string]bool{}
	for _, m := range makeTarget.FindAllStringSubmatch(content(t, "Makefile"), -1) {
		targets[m[1]] = true
	}
	check := func(name, code string) {
		code, _, _ = strings.Cut(code, "#")
		for _, m := range makeCall.FindAllStringSubmatch(code, -1) {
			for _, target := range strings.Fields(m[1]) {
				if !targets[target] {
					t.Errorf("%s: %q: found %s, expected a target of the Makefile", name, code, target)
				}
			}
		}
	}
	for name, d := range documents(t) {
		for _, code := range d.code {
			check(name, code)
		}
	}
	for _, name := range files(t, ".yml") {
		for line := range strings.Lines(content(t, name)) {
			if _, command, ok := strings.Cut(line, "run:"); ok {
				check(name, strings.TrimSpace(command))
			}
		}
	}
}

var (
	assayCall = regexp.MustCompile(`(?:^|[\s("])(?:bin/)?assay ([a-z][a-z-]*)(.*)`)
	longFlag  = regexp.MustCompile(`(?:^|[\s\[(])--([a-z][a-z-]*)`)
)

func TestCommandsAndFlagsInDocumentsExist(t *testing.T) {
	t.Parallel()
	model := newParser().Model
	anywhere := flagsOf(model.Node)
	commands := map[string][]string{}
	for _, node := range model.Children {
		commands[node.Name] = append(flagsOf(node), flagsOf(model.Node)...)
		anywhere = append(anywhere, flagsOf(node)...)
	}
	for name, d := range documents(t) {
		for _, code := range d.code {
			known, rest := anywhere, ""
			if m := assayCall.FindStringSubmatch(code); m != nil {
				rest = m[2]
				if known = commands[m[1]]; known == nil {
					t.Errorf("%s: %q: found %s, expected a command of assay", name, code, m[1])
					continue
				}
			} else if strings.HasPrefix(code, "--") {
				rest = code
			}
			rest, _, _ = strings.Cut(rest, " #")
			for _, m := range longFlag.FindAllStringSubmatch(rest, -1) {
				if !slices.Contains(known, m[1]) {
					t.Errorf("%s: %q: found --%s, expected a flag of the command", name, code, m[1])
				}
			}
		}
	}
}

// flagsOf returns the names of a command's own flags.
func flagsOf(node *kong.Node) []string {
	var names []string
	for _, f := range node.Flags {
		names = append(names, f.Name)
	}
	return names
}

// contracts names the document that describes commands, files and reports.
const contracts = "suite/CONTRACTS.md"

func TestContractsNameEveryFlag(t *testing.T) {
	t.Parallel()
	text := content(t, contracts)
	for _, node := range newParser().Model.Children {
		if !strings.Contains(text, "`assay "+node.Name) {
			t.Errorf("%s does not name the command assay %s", contracts, node.Name)
		}
		for _, flag := range flagsOf(node) {
			if !strings.Contains(text, "`--"+flag) {
				t.Errorf("%s does not name the flag --%s of assay %s", contracts, flag, node.Name)
			}
		}
	}
}

func TestContractsNameEveryMemberOfReports(t *testing.T) {
	t.Parallel()
	text := content(t, contracts)
	for _, member := range members(reflect.TypeFor[report.Report](), map[reflect.Type]bool{}) {
		// A document may write `target.name`, `.name`, or JSON with "name".
		pattern := regexp.MustCompile("[`.\"]" + regexp.QuoteMeta(member) + "[`\"]")
		if !pattern.MatchString(text) {
			t.Errorf("%s does not name the member %s of report.json", contracts, member)
		}
	}
}

// members returns the names of the JSON members of a type and of the types in
// it.
func members(t reflect.Type, seen map[reflect.Type]bool) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || seen[t] || !strings.HasPrefix(t.PkgPath(), "assay/") {
		return nil
	}
	seen[t] = true
	var names []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			names = append(names, name)
			names = append(names, members(t.Field(i).Type, seen)...)
		}
	}
	return names
}

func TestContractsNameEveryVariable(t *testing.T) {
	t.Parallel()
	text := content(t, contracts)
	variable := regexp.MustCompile(`"(ASSAY_[A-Z_]+)`)
	for _, name := range files(t, ".go") {
		if strings.HasSuffix(name, "_test.go") && name != "suite/suite_test.go" {
			continue
		}
		for _, m := range variable.FindAllStringSubmatch(content(t, name), -1) {
			if !strings.Contains(text, "`"+m[1]+"`") {
				t.Errorf("%s does not name the variable %s of %s", contracts, m[1], name)
			}
		}
	}
}

var (
	// foreign matches section signs after the name of a document, which no test of
	// links finds, and documents that are not part of the repository.
	foreign = regexp.MustCompile(`\b(?:CONTRACTS|DESIGN|FINDINGS|SCOPE|FIELD)(?:\.md)? ?§` +
		`|\b(?:DESIGN|FINDINGS|SCOPE|FIELD)\.md\b|\.\./shared\b`)
	// cited matches paths of documents in Go comments. They begin at the root of the
	// repository.
	cited = regexp.MustCompile(`//.*?((?:\.github|\b[a-z]+)/[\w./-]*\.md)\b`)
)

func TestCitedDocumentsExist(t *testing.T) {
	t.Parallel()
	const self = "suite/cmd/assay/docs_test.go"
	for _, name := range files(t, ".go", ".md", ".yaml", ".yml", ".py", "") {
		if name == self {
			continue
		}
		text := content(t, name)
		for _, found := range foreign.FindAllString(text, -1) {
			t.Errorf("%s: found %q, expected a document of the repository without a section sign",
				name, found)
		}
		if path.Ext(name) != ".go" {
			continue
		}
		for _, m := range cited.FindAllStringSubmatch(text, -1) {
			if _, err := fs.Stat(repository, m[1]); err != nil {
				t.Errorf("%s cites %s: %v", name, m[1], err)
			}
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	d := parse("suite/x.md", strings.Join([]string{
		"# What a server may do", "## `assay run`, again", "## Same", "## Same",
		"See [one](a/b.md#c) and [two](<d.md>), `not [this](one.md)`, [three](e.md \"title\").",
		"```sh", "make build # [no](link.md)", "```", "`make test`",
	}, "\n"))
	if want := []string{"a/b.md#c", "d.md", "e.md"}; !slices.Equal(d.links, want) {
		t.Errorf("links %q, want %q", d.links, want)
	}
	for _, anchor := range []string{"what-a-server-may-do", "assay-run-again", "same", "same-1"} {
		if !d.anchors[anchor] {
			t.Errorf("anchors %v, want %s among them", d.anchors, anchor)
		}
	}
	want := []string{"assay run", "not [this](one.md)", "make build # [no](link.md)", "make test"}
	if !slices.Equal(d.code, want) {
		t.Errorf("code %q, want %q", d.code, want)
	}
	all := map[string]document{"README.md": parse("README.md", "# Assay\n")}
	for destination, works := range map[string]bool{
		"../README.md": true, "../README.md#assay": true, "#same-1": true, "../server": true,
		"../README.md#no": false, "no.md": false, "#no": false, "../go.mod#x": false,
	} {
		all["suite/x.md"] = d
		if why := broken(all, d, destination); (why == "") != works {
			t.Errorf("%s: found %q, expected that it exists: %t", destination, why, works)
		}
	}
}
