package scenarios

import (
	"encoding/json"
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// A Case is one row of a requirement's table.
type Case struct {
	Name string // unique in its requirement; "ID/name" names the case
	File string // "scenarios/byo.yaml"
	Line int    // where the row begins, from 1

	id  string     // the requirement's
	row *yaml.Node // the row without its name
}

// namePattern keeps names fit for file names, globs and URLs.
var namePattern = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// cases reads the rows of the requirement id.
func (p *parser) cases(entry *yaml.Node, id string, n *yaml.Node) []Case {
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		p.add(n.Line, p.at(entry, "cases"), describe(n), "a list of rows, or no such key")
		return nil
	}
	var all []Case
	for _, row := range n.Content {
		row = follow(row)
		if row.Kind != yaml.MappingNode {
			p.add(row.Line, p.at(entry, "cases"), describe(row), "a row: a mapping with case")
			continue
		}
		c, ok := p.row(entry, row)
		if !ok {
			continue
		}
		if slices.ContainsFunc(all, func(o Case) bool { return o.Name == c.Name }) {
			p.add(c.Line, p.at(entry, "case"), quote(c.Name)+" a second time", "each name once")
			continue
		}
		c.id = id
		all = append(all, c)
	}
	return all
}

// row takes the name out of a row. What else it holds is the business of the
// requirement's spec, see [Case.Decode].
func (p *parser) row(entry, row *yaml.Node) (Case, bool) {
	rest := *row
	rest.Content = nil
	c := Case{File: p.file, Line: row.Line, row: &rest}
	var name *yaml.Node
	var seen []string
	for _, f := range fields(row) {
		if slices.Contains(seen, f.key.Value) {
			p.add(f.key.Line, p.at(entry, "cases: "+f.key.Value), "the key a second time", "each key once")
			continue
		}
		seen = append(seen, f.key.Value)
		if f.key.Value == "case" {
			name = f.value
		} else {
			rest.Content = append(rest.Content, f.key, f.value)
		}
	}
	switch {
	case name == nil:
		p.add(row.Line, p.at(entry, "case"), "nothing", "the row's name")
		return c, false
	case !isText(name) || !namePattern.MatchString(name.Value):
		p.add(name.Line, p.at(entry, "case"), describe(name), "a name of lower-case letters, digits and hyphens")
		return c, false
	}
	c.Name = name.Value
	return c, true
}

// Decode reads the row, all but its name, into the struct that into points
// to. A field that the struct lacks and a value of the wrong type are errors:
// a [Mistake] each, joined. The zero Case decodes as an empty row.
func (c Case) Decode(into any) error {
	if c.row == nil {
		return nil
	}
	err := c.row.Load(into, yaml.WithKnownFields())
	var several *yaml.LoadErrors
	if !errors.As(err, &several) {
		if err != nil {
			return Mistake{File: c.File, Line: c.Line, Key: c.id + "/" + c.Name, Found: err.Error(), Expected: "a row of its spec's form"}
		}
		return nil
	}
	var wrong mistakes
	for _, e := range several.Errors {
		key := c.id + "/" + c.Name
		if path := pathAt(c.row, e.Mark.Line, e.Mark.Column); path != "" {
			key += ": " + path
		}
		found, expected := translate(e.Message, into)
		wrong.add(c.File, e.Mark.Line, key, found, expected)
	}
	return wrong.err()
}

var (
	wrongType    = regexp.MustCompile("^cannot construct (.*) into (.*)$")
	unknownField = regexp.MustCompile(`^field \S+ not found in type `)
)

// translate puts the YAML library's messages into the form of a [Mistake].
func translate(message string, into any) (found, expected string) {
	if m := wrongType.FindStringSubmatch(message); m != nil {
		return strings.TrimPrefix(m[1], "!!"), m[2]
	}
	if unknownField.MatchString(message) {
		return "an unknown field", "a field of the row: " + strings.Join(fieldNames(into), ", ")
	}
	return message, "a row of its spec's form"
}

// fieldNames lists the YAML names of a row struct's fields.
func fieldNames(into any) []string {
	t := reflect.TypeOf(into)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t.NumField() == 0 {
		return []string{"none"}
	}
	var names []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		if name == "" {
			name = strings.ToLower(t.Field(i).Name)
		}
		names = append(names, name)
	}
	return names
}

// pathAt names the key whose name or value stands at line and column, as
// "keys.listen_addr"; empty if there is none.
func pathAt(mapping *yaml.Node, line, column int) string {
	for _, f := range fields(mapping) {
		for _, n := range []*yaml.Node{f.key, f.value} {
			if n.Line == line && n.Column == column {
				return f.key.Value
			}
		}
		switch f.value.Kind {
		case yaml.MappingNode:
			if path := pathAt(f.value, line, column); path != "" {
				return f.key.Value + "." + path
			}
		case yaml.SequenceNode:
			for _, item := range f.value.Content {
				if item.Line == line && item.Column == column {
					return f.key.Value
				}
			}
		}
	}
	return ""
}

// MarshalJSON writes the row as the file has it, its name under "case".
func (c Case) MarshalJSON() ([]byte, error) {
	row := map[string]any{}
	if c.row != nil {
		if err := c.row.Load(&row); err != nil {
			return nil, err
		}
	}
	row["case"] = c.Name
	return json.Marshal(row)
}
