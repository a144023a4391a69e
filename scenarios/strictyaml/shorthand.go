package strictyaml

import (
	"errors"
	"reflect"

	"go.yaml.in/yaml/v4"
)

// A Shorthand is a struct that a file may write as a text too. Its UnmarshalYAML
// calls [LoadShorthand].
type Shorthand interface {
	yaml.Unmarshaler
	// Shorthand decodes the text. It reports whether the text is a short form.
	Shorthand(text string) bool
}

var shorthand = reflect.TypeFor[Shorthand]()

// LoadShorthand decodes a node into a [Shorthand]: a text into s, and a mapping
// into long, which is a pointer to the same struct as a type without methods.
// expected describes both forms, for the message about anything else.
func LoadShorthand(n *yaml.Node, s Shorthand, long any, expected string) error {
	switch {
	case n.Kind == yaml.MappingNode:
		return n.Load(long, yaml.WithKnownFields(), yaml.WithUniqueKeys(false))
	case isText(n) && s.Shorthand(n.Value):
		return nil
	}
	return errors.New(expected)
}
