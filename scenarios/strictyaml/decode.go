package strictyaml

import (
	"encoding"
	"errors"
	"reflect"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

var (
	nodeType        = reflect.TypeFor[yaml.Node]()
	durationType    = reflect.TypeFor[time.Duration]()
	unmarshaler     = reflect.TypeFor[yaml.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	unknownField    = regexp.MustCompile(`^field (.*) not found in type `)
)

// decode lets the library decode, and puts what it reports into the form of a
// [Mistake].
func (f *File) decode(into any) {
	f.walk(f.root, reflect.TypeOf(into).Elem(), "", rules{})
	err := f.root.Load(into, yaml.WithKnownFields(), yaml.WithUniqueKeys(false))
	var several *yaml.LoadErrors
	var single *yaml.LoadError
	switch {
	case err == nil:
	case errors.As(err, &several):
		for _, e := range several.Errors {
			f.translate(e)
		}
	case errors.As(err, &single):
		f.note(max(1, single.Mark.Line), "", single.Message, "YAML that can be decoded")
	default:
		f.note(1, "", err.Error(), "YAML that can be decoded")
	}
}

func (f *File) translate(e *yaml.LoadError) {
	where := mark{e.Mark.Line, e.Mark.Column}
	if unknown := unknownField.FindStringSubmatch(e.Message); unknown != nil {
		key := f.keys[where]
		f.flaw(key, e.Mark.Line, "an unknown key", oneOf(unknown[1], f.known[where]))
		return
	}
	p, ok := f.byMark[where]
	if !ok { // walk has noted a mistake here
		return
	}
	want := expected(p.kind)
	var pattern *syntax.Error
	own := p.kind != nil && (is(p.kind, unmarshaler) || // the type's own error says what it expects
		p.node.Kind == yaml.ScalarNode && is(p.kind, textUnmarshaler))
	switch cause := errors.Unwrap(e); {
	case errors.As(cause, &pattern):
		want = "a regular expression (" + pattern.Code.String() + ": `" + pattern.Expr + "`)"
	case own:
		want = cause.Error()
	}
	f.flaw(p.key, p.node.Line, describe(p.node), want)
	f.lost(p.key)
}

// lost records that a value was not decoded. An item is then absent from its
// list, so that the keys of the items after it no longer agree with the file.
func (f *File) lost(key string) {
	if strings.HasSuffix(key, "]") {
		f.broken = append(f.broken, key[:strings.LastIndex(key, "[")+1])
	}
}

// flaw notes a mistake that decoding found.
func (f *File) flaw(key string, line int, found, expected string) {
	if f.faulty[key] {
		return
	}
	f.note(line, key, found, expected)
	f.faulty[key] = true
}

// walk records where each value stands, and notes what the library accepts and
// this package does not. t is nil for values of any form.
func (f *File) walk(n *yaml.Node, t reflect.Type, key string, r rules) {
	n = follow(n)
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nodeType || t != nil && t.Kind() == reflect.Interface {
		t = nil
	}
	if t != nil && !f.check(n, t, key, r) {
		return
	}
	if f.walked[n] {
		return
	}
	f.walked[n] = true
	f.values = append(f.values, place{key, n, t})
	f.byMark[at(n)] = f.values[len(f.values)-1]
	switch {
	case t == nil:
	case is(t, shorthand) && n.Kind == yaml.MappingNode: // a struct as any other
	case is(t, unmarshaler):
		t = nil // it decodes what is inside by itself
	case !slices.Contains([]reflect.Kind{reflect.Struct, reflect.Map, reflect.Slice}, t.Kind()):
		return
	}
	switch n.Kind {
	case yaml.MappingNode:
		f.walkMapping(n, t, key)
	case yaml.SequenceNode:
		item := elem(t, reflect.Slice)
		r.minItems, r.required = false, false
		for i, v := range n.Content {
			f.walk(v, item, key+"["+strconv.Itoa(i)+"]", r)
		}
	}
}

func (f *File) walkMapping(n *yaml.Node, t reflect.Type, key string) {
	fields := fieldsOf(t)
	names := namesOf(fields)
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		full := strings.TrimPrefix(key+"."+name.Value, ".")
		if name.Kind != yaml.ScalarNode {
			f.note(name.Line, key, describe(name)+" as a key",
				"text; quote a value that begins with {{")
			continue
		}
		if line, twice := seen[name.Value]; twice {
			f.note(name.Line, full, "the key a second time",
				"each key once; it is also on line "+strconv.Itoa(line))
			continue
		}
		seen[name.Value] = name.Line
		f.keys[at(name)], f.known[at(name)] = full, names
		kind, r := elem(t, reflect.Map), rules{}
		if j := slices.Index(names, name.Value); j >= 0 {
			kind, r = fields[j].kind, fields[j].rules
		}
		f.walk(value, kind, full, r)
	}
	for _, field := range fields {
		if _, there := seen[field.name]; field.required && !there {
			full := strings.TrimPrefix(key+"."+field.name, ".")
			f.flaw(full, n.Line, "nothing", expected(field.kind))
		}
	}
}

// check notes a value that does not suit the type and the rules of its key, as
// far as the library would accept it.
func (f *File) check(n *yaml.Node, t reflect.Type, key string, r rules) bool {
	text := t.Kind() == reflect.String || is(t, textUnmarshaler)
	want := ""
	switch tag := n.ShortTag(); {
	case n.Kind == yaml.SequenceNode && r.minItems && len(n.Content) == 0:
		want = "at least one item"
	case n.Kind != yaml.ScalarNode: // its form is the library's to judge
	case tag == "!!null", tag == "!!merge": // "<<" in the place of a value
		want = expected(t)
	case is(t, unmarshaler):
	case text && tag != "!!str", t.Kind() == reflect.Bool && tag != "!!bool":
		want = expected(t)
	case r.minLength && strings.TrimSpace(n.Value) == "":
		want = "text"
	case t.Kind() == reflect.String && r.enum != nil && !slices.Contains(r.enum, n.Value):
		want = oneOf(n.Value, r.enum)
	}
	if want != "" {
		f.flaw(key, n.Line, describe(n), want)
		if n.ShortTag() == "!!null" || t.Kind() != reflect.String {
			f.lost(key)
		}
	}
	return want == ""
}

func is(t, what reflect.Type) bool { return reflect.PointerTo(t).Implements(what) }

// elem returns the type of a list's items or a map's values, nil if t is
// neither.
func elem(t reflect.Type, kind reflect.Kind) reflect.Type {
	if t == nil || t.Kind() != kind {
		return nil
	}
	return t.Elem()
}
