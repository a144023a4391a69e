package scenarios

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// field is one key of a YAML mapping with its value.
type field struct {
	key   *yaml.Node
	value *yaml.Node
}

// fields returns a mapping's keys and values in the file's order, aliases
// followed.
func fields(mapping *yaml.Node) []field {
	var all []field
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		all = append(all, field{key: mapping.Content[i], value: follow(mapping.Content[i+1])})
	}
	return all
}

func follow(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

// describe says what a node is, for the "found" of a message.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.ScalarNode:
		switch n.ShortTag() {
		case "!!str":
			return quote(n.Value)
		case "!!null":
			return "nothing"
		case "!!int", "!!float":
			return "the number " + n.Value
		case "!!bool":
			return "the boolean " + n.Value
		}
		return n.Value
	}
	return "nothing"
}

// isText reports whether n is a string with something in it.
func isText(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" && strings.TrimSpace(n.Value) != ""
}

func quote(s string) string { return fmt.Sprintf("%q", s) }

// oneOf lists what is allowed, for the "expected" of a message.
func oneOf[S ~string](allowed []S) string {
	texts := make([]string, len(allowed))
	for i, a := range allowed {
		texts[i] = string(a)
	}
	return "one of " + strings.Join(texts, ", ")
}
