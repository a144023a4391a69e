package strictyaml

import (
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"assay/scenarios/near"
)

// rules are the rules of a field's jsonschema tag that this package knows.
type rules struct {
	required, minItems, minLength bool
	enum                          []string
}

// A field is one key of a mapping that is decoded into a struct.
type field struct {
	rules
	name string
	kind reflect.Type
}

// fieldsOf lists the keys that a struct type knows; none if t is another type.
func fieldsOf(t reflect.Type) []field {
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	var all []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case strings.Contains(options, "inline"):
			all = append(all, fieldsOf(f.Type)...)
			continue
		case name == "-" || !f.IsExported():
			continue
		case name == "":
			name = strings.ToLower(f.Name)
		}
		known := field{name: name, kind: f.Type}
		for _, rule := range strings.Split(f.Tag.Get("jsonschema"), ",") {
			known.required = known.required || rule == "required"
			known.minItems = known.minItems || rule == "minItems=1"
			known.minLength = known.minLength || rule == "minLength=1"
			if word, ok := strings.CutPrefix(rule, "enum="); ok {
				known.enum = append(known.enum, word)
			}
		}
		all = append(all, known)
	}
	return all
}

func namesOf(fields []field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return names
}

// expected says what a value of a type looks like in YAML.
func expected(t reflect.Type) string {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == nil || t == nodeType:
		return "a value"
	case t == durationType:
		return "a duration with a unit, such as 5s or 500ms"
	case is(t, textUnmarshaler):
		return "text"
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		if fields := fieldsOf(t); len(fields) > 0 && !is(t, unmarshaler) {
			return "a mapping with " + strings.Join(namesOf(fields), ", ")
		}
		return "a mapping"
	case reflect.Slice:
		return "a list"
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Interface:
		return "a value"
	}
	return "a whole number"
}

// oneOf says which words are expected in the place of another one.
func oneOf(found string, allowed []string) string {
	return "one of " + strings.Join(allowed, ", ") + near.Hint(found, allowed)
}

// describe says what a node is, for the "found" of a message.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		if len(n.Content) > 0 && n.Content[0].Kind == yaml.MappingNode {
			return "a template without quotes" // YAML reads {{…}} as a mapping in a mapping
		}
		return "a mapping"
	case yaml.SequenceNode:
		if len(n.Content) == 0 {
			return "an empty list"
		}
		return "a list"
	case yaml.ScalarNode:
		switch n.ShortTag() {
		case "!!null":
			return "nothing"
		case "!!int", "!!float":
			return "the number " + n.Value
		case "!!bool":
			return "the boolean " + n.Value
		}
		return strconv.Quote(n.Value)
	}
	return "nothing"
}

func isText(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" }

func follow(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	return n
}
