package sut

import (
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// config reads how the server is configured.
func (p *parser) config(into *Config, n *yaml.Node, key string) {
	into.files, into.names = map[string]string{}, map[string]string{}
	p.mapping(n, key, map[string]reader{
		"file":     p.fileName(&into.File),
		"base":     p.base(&into.base),
		"template": p.template(&into.template),
		"files": func(n *yaml.Node, key string) {
			for name, value := range p.entries(n, key) {
				var text string
				if !filepath.IsLocal(name.Value) {
					p.wrong(name.Line, join(key, name.Value), "a path that leads out of the directory", "a relative path below it")
				}
				p.template(&text)(value, join(key, name.Value))
				into.files[name.Value] = text
			}
		},
		"names": func(n *yaml.Node, key string) {
			for name, value := range p.entries(n, key) {
				var text string
				if !slices.Contains(Keys, name.Value) {
					p.wrong(name.Line, join(key, name.Value), "an unknown key", "one of "+strings.Join(Keys, ", "))
				}
				p.text(&text)(value, join(key, name.Value))
				into.names[name.Value] = text
			}
		},
	})
	if into.base != nil && len(into.names) > 0 {
		p.wrong(n.Line, join(key, "names"), "names beside base", "them beside template alone: a server that reads the keys as they are calls them so")
	}
	p.exactlyOne(n, key, "base", "template")
	if _, both := into.files[into.File]; both {
		p.wrong(n.Line, join(key, "files"), "the config file "+into.File, "other files")
	}
}

// fileName reads a name without a directory: scenarios rely on the config file
// standing in the spec's own directory.
func (p *parser) fileName(into *string) reader {
	return func(n *yaml.Node, key string) {
		if !isText(n) || filepath.Base(n.Value) != n.Value || !filepath.IsLocal(n.Value) {
			p.wrong(n.Line, key, describe(n), "a file name without a directory")
			return
		}
		*into = n.Value
	}
}

// base reads the YAML that scenarios' keys are merged over.
func (p *parser) base(into **yaml.Node) reader {
	return func(n *yaml.Node, key string) {
		if n.Kind != yaml.MappingNode {
			p.wrong(n.Line, key, describe(n), "a mapping")
			return
		}
		p.checked = map[*yaml.Node]bool{}
		before := len(p.mistakes)
		p.values(n, key)
		if err := n.Load(&map[string]any{}); err != nil && len(p.mistakes) == before {
			p.wrong(n.Line, key, err.Error(), "YAML that can be read")
		}
		*into = n
	}
}

// values checks every key and every template of a piece of YAML.
func (p *parser) values(n *yaml.Node, key string) {
	if p.checked[n] {
		return
	}
	p.checked[n] = true
	switch {
	case n.Kind == yaml.MappingNode:
		for name, value := range p.entries(n, key) {
			p.values(value, join(key, name.Value))
		}
	case n.Kind == yaml.SequenceNode && len(n.Content) > 0:
		p.list(n, key, "values", p.values)
	case isText(n):
		var text string
		p.template(&text)(n, key)
	}
}
