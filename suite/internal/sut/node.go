package sut

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"assay/scenarios"
)

// A parser reads a target file from its YAML nodes, which know their lines,
// and goes on after a mistake so that all of them are reported at once.
type parser struct {
	file     string
	knows    func(id string) bool
	mistakes []scenarios.Mistake
	checked  map[*yaml.Node]bool // pieces of config.base; aliases can make them many, or endless
}

// A reader takes up the value of one key. The key is given in full,
// "ready.timeout", for messages.
type reader func(n *yaml.Node, key string)

func (p *parser) wrong(line int, key, found, expected string) {
	p.mistakes = append(p.mistakes, scenarios.Mistake{File: p.file, Line: line, Key: key, Found: found, Expected: expected})
}

// err joins the mistakes in the order in which a reader of the file meets
// them.
func (p *parser) err() error {
	slices.SortStableFunc(p.mistakes, func(a, b scenarios.Mistake) int { return cmp.Compare(a.Line, b.Line) })
	errs := make([]error, len(p.mistakes))
	for i, m := range p.mistakes {
		errs[i] = m
	}
	return errors.Join(errs...)
}

// mapping reads a mapping that may hold the keys of readers, and must hold the
// required ones.
func (p *parser) mapping(n *yaml.Node, key string, readers map[string]reader, required ...string) {
	seen := map[string]bool{}
	for name, value := range p.entries(n, key) {
		seen[name.Value] = true
		read := readers[name.Value]
		if read == nil {
			p.wrong(name.Line, join(key, name.Value), "an unknown key", "one of "+strings.Join(slices.Sorted(maps.Keys(readers)), ", "))
			continue
		}
		read(value, join(key, name.Value))
	}
	if n.Kind != yaml.MappingNode {
		return
	}
	for _, name := range required {
		if !seen[name] {
			p.wrong(n.Line, join(key, name), "nothing", "this key")
		}
	}
}

// entries yields a mapping's keys and values in the file's order, aliases
// followed. What is no mapping, no text for a key, or a key for the second
// time is a mistake and is left out.
func (p *parser) entries(n *yaml.Node, key string) func(yield func(name, value *yaml.Node) bool) {
	return func(yield func(name, value *yaml.Node) bool) {
		if n.Kind != yaml.MappingNode {
			p.wrong(n.Line, key, describe(n), "a mapping")
			return
		}
		first := map[string]int{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			name, value := n.Content[i], follow(n.Content[i+1])
			switch line, again := first[name.Value]; {
			case name.Kind == yaml.MappingNode:
				p.wrong(name.Line, key, "a mapping as a key", "text; quote a template that begins a value")
				continue
			case !isText(name):
				p.wrong(name.Line, key, describe(name)+" as a key", "text")
				continue
			case again:
				p.wrong(name.Line, join(key, name.Value), "the key for the second time", "it once; it also stands in line "+strconv.Itoa(line))
				continue
			}
			first[name.Value] = name.Line
			if !yield(name, value) {
				return
			}
		}
	}
}

// list reads a list, handing each item to read.
func (p *parser) list(n *yaml.Node, key, of string, read reader) {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		p.wrong(n.Line, key, describe(n), "a list of "+of)
		return
	}
	for i, item := range n.Content {
		read(follow(item), fmt.Sprintf("%s[%d]", key, i))
	}
}

// text reads a string with something in it.
func (p *parser) text(into *string) reader {
	return func(n *yaml.Node, key string) {
		if !isText(n) {
			p.wrong(n.Line, key, describe(n), "text")
			return
		}
		*into = n.Value
	}
}

func (p *parser) flag(into *bool) reader {
	return func(n *yaml.Node, key string) {
		if n.ShortTag() != "!!bool" || n.Load(into) != nil {
			p.wrong(n.Line, key, describe(n), "true or false")
		}
	}
}

// choice reads one of a few words.
func choice[S ~string](p *parser, into *S, allowed ...S) reader {
	return func(n *yaml.Node, key string) {
		if n.Kind != yaml.ScalarNode || !slices.Contains(allowed, S(n.Value)) {
			words := make([]string, len(allowed))
			for i, a := range allowed {
				words[i] = string(a)
			}
			p.wrong(n.Line, key, describe(n), "one of "+strings.Join(words, ", "))
			return
		}
		*into = S(n.Value)
	}
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
		if len(n.Content) > 0 && n.Content[0].Kind == yaml.MappingNode {
			return "a template without quotes" // to YAML, a mapping in a mapping
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

func isText(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" && strings.TrimSpace(n.Value) != ""
}

// join makes the full name of a key below another.
func join(key, name string) string {
	if key == "" || key == whole {
		return name
	}
	return key + "." + name
}

// whole is what messages call the file itself.
const whole = "target file"
