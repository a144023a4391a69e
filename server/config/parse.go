package config

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"assay/server/internal/logline"
)

// value holds the text that a file gives to one key.
type value struct {
	text  string
	line  int
	wrong bool // the type is wrong and has been reported; skip all other checks
}

// parse returns the values of a file by key, without null values. The values
// are nil if the file is no mapping.
func parse(file string, data []byte) (map[string]value, Problems) {
	var document yaml.Node
	if err := yaml.Load(data, &document); err != nil {
		return nil, Problems{malformed(file, data, err)}
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, Problems{{
			File: file, Line: min(root.Line, lastLine(data)), Found: kind(root),
			Expected: "a mapping of configuration keys",
		}}
	}

	values := make(map[string]value)
	seen := make(map[string]int)
	known := "one of " + strings.Join(keys, ", ")
	var problems Problems
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, node := root.Content[i], root.Content[i+1]
		problem := func(found, expected string) {
			problems = append(problems, Problem{file, key.Line, name(key), found, expected})
		}
		if !slices.Contains(keys, key.Value) {
			problem("an unknown key", known)
			continue
		}
		if first, again := seen[key.Value]; again {
			problem("the key a second time", fmt.Sprintf("it once (it stands on line %d already)", first))
			continue
		}
		seen[key.Value] = key.Line

		if node.Kind == yaml.AliasNode {
			node = node.Alias
		}
		switch node.ShortTag() {
		case "!!str":
			values[key.Value] = value{text: node.Value, line: key.Line}
		case "!!null": // means the same as an absent key
		default:
			problem(kind(node), "a string")
			values[key.Value] = value{line: key.Line, wrong: true}
		}
	}
	return values, problems
}

// malformed turns an error of the YAML library into a Problem.
func malformed(file string, data []byte, err error) Problem {
	p := Problem{File: file, Expected: "a YAML mapping of configuration keys"}
	message := err.Error()
	var load *yaml.LoadError
	if errors.As(err, &load) {
		message = strings.TrimPrefix(load.Message, "yaml: ")
		// The library reports something missing at the end for the line after
		// it.
		p.Line = min(load.Mark.Line, lastLine(data))
	}
	p.Found = fmt.Sprintf("something else (%s)", oneLine(message))
	return p
}

// lastLine returns the number of the last line that is not empty.
func lastLine(data []byte) int {
	return 1 + bytes.Count(bytes.TrimRight(data, "\n"), []byte("\n"))
}

// oneLine returns a text of the file for a message: on one line, without characters that
// a terminal or a log reader could misread, and cut if it is long.
func oneLine(s string) string {
	return logline.Escape(strings.Join(strings.Fields(cut(s)), " "))
}

// cut returns the text, or its beginning if it is long.
func cut(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// name returns a key for a message. In the place of the key, the file may hold a
// list or a mapping.
func name(key *yaml.Node) string {
	if key.Kind != yaml.ScalarNode {
		return kind(key)
	}
	return oneLine(key.Value)
}

// kind describes a node of the wrong kind.
func kind(n *yaml.Node) string {
	switch n.ShortTag() {
	case "!!map":
		return "a mapping"
	case "!!seq":
		return "a list"
	case "!!int", "!!float":
		return "the number " + oneLine(n.Value)
	case "!!bool":
		return "the boolean " + oneLine(n.Value)
	case "!!null":
		return "nothing"
	case "!!str":
		return fmt.Sprintf("the string %q", cut(n.Value))
	default:
		return fmt.Sprintf("%q of type %s", cut(n.Value), oneLine(n.ShortTag()))
	}
}
