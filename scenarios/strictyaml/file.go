// Package strictyaml decodes a YAML file into a Go value and reports everything
// that is wrong with the file at once, each mistake with its line and key.
//
// The YAML library decodes, with unknown keys refused. This package adds what
// the library does not report: a key that occurs twice, a required key that is
// absent, a key without a value, and a number or boolean where text is expected.
// It reads some of the struct tags from which the JSON Schema of a type is
// generated, so that the package and the schema check the same rules:
//
//	Name  string   `yaml:"name" jsonschema:"required,minLength=1"`
//	Mode  string   `yaml:"mode" jsonschema:"enum=on,enum=off"`
//	Words []string `yaml:"words" jsonschema:"minItems=1"`
//
// minLength=1 also refuses a text of spaces alone. On a list, minLength and enum
// apply to each item.
//
// What tags cannot express is checked by the caller after decoding and reported
// with [File.Wrong], which finds the line of a key.
package strictyaml

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"iter"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// A File is a YAML file, or a part of one, that was decoded. Its methods name a
// place in it by its key: "ready.timeout", "profiles[1]", or "" for the whole.
type File struct {
	name     string
	prefix   string // of keys in messages
	root     *yaml.Node
	empty    bool
	mistakes []Mistake

	values []place             // every value, in the order of the file
	byMark map[mark]place      // the same, by position
	keys   map[mark]string     // the full name of every key, by position
	known  map[mark][]string   // the keys that are allowed at this position
	faulty map[string]bool     // keys with a mistake that decoding found
	broken []string            // lists of which decoding dropped items: "profiles["
	walked map[*yaml.Node]bool // guards against aliases that lead to themselves
}

// A place is one value of a file.
type place struct {
	key  string
	node *yaml.Node
	kind reflect.Type // the type it is decoded into; nil if any is allowed
}

type mark struct{ line, column int }

func at(n *yaml.Node) mark { return mark{n.Line, n.Column} }

// Decode reads the one YAML document of text into the value that into points to.
// name is the file's name in messages. Mistakes are kept in the File; see
// [File.Err]. What is right is decoded even if other parts are wrong.
func Decode(name string, text []byte, into any) *File {
	f := newFile(name)
	switch err := f.parse(text); {
	case f.root != nil:
		f.decode(into)
	case errors.Is(err, io.EOF):
		f.empty = true
		f.note(1, "", "an empty file", expected(reflect.TypeOf(into).Elem()))
	}
	return f
}

// DecodeNode decodes a part of a file that was kept as a node. Keys in messages
// begin with prefix and a colon.
func DecodeNode(name, prefix string, n *yaml.Node, into any) error {
	f := newFile(name)
	f.prefix, f.root = prefix, n
	f.decode(into)
	return f.Err()
}

func newFile(name string) *File {
	return &File{
		name: name, byMark: map[mark]place{}, keys: map[mark]string{}, known: map[mark][]string{},
		faulty: map[string]bool{}, walked: map[*yaml.Node]bool{},
	}
}

// parse reads the file's only document. It returns io.EOF if there is none.
func (f *File) parse(text []byte) error {
	var document, second yaml.Node
	loader, err := yaml.NewLoader(bytes.NewReader(text), yaml.WithUniqueKeys(false))
	if err == nil {
		err = loader.Load(&document)
	}
	if errors.Is(err, io.EOF) {
		return err
	}
	if err == nil {
		f.root = follow(document.Content[0])
		if err = loader.Load(&second); errors.Is(err, io.EOF) {
			return nil
		}
	}
	if err == nil {
		f.note(second.Line, "", "a second document", "one YAML document")
	} else {
		f.syntax(text, err)
	}
	return err
}

func (f *File) syntax(text []byte, err error) {
	line, found := 1, err.Error()
	var loading *yaml.LoadError
	if errors.As(err, &loading) {
		line, found = max(1, loading.Mark.Line), loading.Message
	}
	expected := "one well-formed YAML document"
	if bytes.Contains(text, []byte(": {{")) {
		expected += "; a value that begins with {{ has to be quoted"
	}
	f.note(line, "", found, expected)
}

// Empty reports whether the file holds nothing but comments, which is a mistake
// too.
func (f *File) Empty() bool { return f.empty }

// Has reports whether there is a value at key.
func (f *File) Has(key string) bool { return f.find(key) != nil }

// Line returns the line on which the value at key begins. If there is no such
// value, it returns the line of the closest value that would contain it.
func (f *File) Line(key string) int {
	for {
		if p := f.find(key); p != nil {
			return p.node.Line
		}
		if key == "" {
			return 1
		}
		key = key[:max(0, strings.LastIndexAny(key, ".["))]
	}
}

// Texts yields the key and the content of every text at and below key, in the
// order of the file.
func (f *File) Texts(key string) iter.Seq2[string, string] {
	return func(yield func(key, text string) bool) {
		for _, p := range f.values {
			below, inside := strings.CutPrefix(p.key, key)
			inside = inside && (below == "" || below[0] == '.' || below[0] == '[')
			if inside && isText(p.node) && !yield(p.key, p.node.Value) {
				return
			}
		}
	}
}

// Wrong notes a mistake in the value at key. It does nothing where decoding has
// already found a mistake, or if there was nothing to decode.
func (f *File) Wrong(key, found, expected string) {
	f.WrongLine(key, 0, found, expected)
}

// Expect notes that the value at key is not what is expected there.
func (f *File) Expect(key, expected string) {
	found := "nothing"
	if p := f.find(key); p != nil {
		found = describe(p.node)
	}
	f.Wrong(key, found, expected)
}

// WrongLine notes a mistake, as [File.Wrong] does, in one line of a text of
// several lines. Lines are counted from 1.
func (f *File) WrongLine(key string, line int, found, expected string) {
	incomplete := func(list string) bool { return strings.HasPrefix(key, list) }
	if f.root == nil || f.faulty[key] || slices.ContainsFunc(f.broken, incomplete) {
		return
	}
	first := f.Line(key)
	if p := f.find(key); p != nil && p.node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		first += line // a block begins on the line below its key
	}
	f.note(first, key, found, expected)
}

// OneOf checks that a text at key, if there is one, is among those allowed.
func (f *File) OneOf(key string, allowed []string) {
	if p := f.find(key); p != nil && !slices.Contains(allowed, p.node.Value) {
		f.Expect(key, oneOf(p.node.Value, allowed))
	}
}

// Err joins all mistakes in the order of the file, each a [Mistake]. It returns
// nil if there is none.
func (f *File) Err() error {
	slices.SortStableFunc(f.mistakes, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Key, b.Key))
	})
	var all []error
	for _, m := range slices.Compact(f.mistakes) {
		all = append(all, m)
	}
	return errors.Join(all...)
}

func (f *File) note(line int, key, found, expected string) {
	f.mistakes = append(f.mistakes, Mistake{f.name, line, f.label(key), found, expected})
}

// label returns a key's name in messages. An item of a list at the top of a file
// is called by its id, since that is what a reader searches for.
func (f *File) label(key string) string {
	if key == "" {
		return cmp.Or(f.prefix, "YAML")
	}
	if f.prefix != "" {
		return f.prefix + ": " + key
	}
	if item, rest, ok := strings.Cut(key, "]"); ok && strings.HasPrefix(item, "[") {
		if id := f.find(item + "].id"); id != nil && isText(id.node) {
			rest = strings.TrimPrefix(rest, ".")
			return strings.TrimSuffix(id.node.Value+": "+rest, ": ")
		}
	}
	return key
}

// find returns the value at key, nil if there is none. Aliases are followed.
func (f *File) find(key string) *place {
	if f.root == nil {
		return nil
	}
	n := follow(f.root)
	for rest := key; rest != ""; {
		if n, rest = step(n, rest); n == nil {
			return nil
		}
	}
	return &place{key: key, node: n}
}

// step returns the value that the first part of key names, and the other parts.
func step(n *yaml.Node, key string) (*yaml.Node, string) {
	if n.Kind == yaml.SequenceNode {
		item, rest, _ := strings.Cut(strings.TrimPrefix(key, "["), "]")
		i, err := strconv.Atoi(item)
		if err != nil || i >= len(n.Content) {
			return nil, ""
		}
		return follow(n.Content[i]), strings.TrimPrefix(rest, ".")
	}
	var value *yaml.Node
	longest := 0 // keys may hold dots
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		name := n.Content[i].Value
		rest, ok := strings.CutPrefix(key, name)
		if ok && len(name) > longest && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			longest, value = len(name), n.Content[i+1]
		}
	}
	if value == nil {
		return nil, ""
	}
	return follow(value), strings.TrimPrefix(key[longest:], ".")
}
