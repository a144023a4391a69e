package scenarios

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// parser turns one chapter's file into requirements.
type parser struct {
	file     string
	chapter  Chapter
	mistakes *mistakes
}

var entryKeys = []string{"id", "title", "level", "source", "text", "why", "needs", "autocert", "worlds", "unbroken", "cases"}

var required = []string{"id", "title", "level", "source", "text", "why"}

// worlds is every kind of world that a requirement can be bound to.
var worlds = []string{"namespace", "loopback"}

func (p *parser) parse(text []byte) []Requirement {
	document, ok := p.document(text)
	if !ok {
		return nil
	}
	if document.Kind != yaml.SequenceNode || len(document.Content) == 0 {
		p.add(max(document.Line, 1), p.chapter.Name, describe(document), "a list of requirements")
		return nil
	}
	var all []Requirement
	for _, entry := range document.Content {
		if entry = follow(entry); entry.Kind != yaml.MappingNode {
			p.add(entry.Line, p.chapter.Name, describe(entry), "a requirement: a mapping with id, title, level, source, text and why")
			continue
		}
		all = append(all, p.entry(entry))
	}
	p.checkIDs(all)
	return all
}

// document reads the file's only YAML document.
func (p *parser) document(text []byte) (*yaml.Node, bool) {
	loader, err := yaml.NewLoader(bytes.NewReader(text))
	if err != nil {
		p.add(1, "YAML", err.Error(), "a readable file")
		return nil, false
	}
	var document yaml.Node
	if err := loader.Load(&document); errors.Is(err, io.EOF) {
		p.add(1, p.chapter.Name, "an empty file", "a list of requirements")
		return nil, false
	} else if err != nil {
		p.syntax(err)
		return nil, false
	}
	var second yaml.Node
	if err := loader.Load(&second); err == nil {
		p.add(second.Line, p.chapter.Name, "a second YAML document", "one")
	} else if !errors.Is(err, io.EOF) {
		p.syntax(err)
	}
	if len(document.Content) == 0 {
		return &document, true
	}
	return follow(document.Content[0]), true
}

func (p *parser) syntax(err error) {
	var wrong *yaml.LoadError
	if errors.As(err, &wrong) {
		p.add(max(wrong.Mark.Line, 1), "YAML", wrong.Message, "well-formed YAML")
		return
	}
	p.add(1, "YAML", err.Error(), "well-formed YAML")
}

// entry reads one requirement. Whatever is wrong is noted, and what is right
// is kept, so that later checks find their mistakes too.
func (p *parser) entry(n *yaml.Node) Requirement {
	r := Requirement{Chapter: p.chapter.Name, File: p.file, Line: n.Line}
	values := map[string]*yaml.Node{}
	for _, f := range fields(n) {
		switch key := f.key.Value; {
		case values[key] != nil:
			p.add(f.key.Line, p.at(n, key), "the key a second time", "each key once")
		case !slices.Contains(entryKeys, key):
			p.add(f.key.Line, p.at(n, key), "an unknown key", oneOf(entryKeys))
		default:
			values[key] = f.value
		}
	}
	for _, key := range required {
		if values[key] == nil {
			p.add(n.Line, p.at(n, key), "nothing", "a text")
		}
	}
	r.ID = p.text(n, values, "id")
	r.Title = p.text(n, values, "title")
	r.Level = Level(p.among(n, values, "level", levels))
	r.Source = p.text(n, values, "source")
	r.Text = p.text(n, values, "text")
	r.Why = p.text(n, values, "why")
	r.Unbroken = p.text(n, values, "unbroken")
	if versions := p.text(n, values, "autocert"); versions != "" {
		var err error
		if r.Autocert, err = ParseRange(versions); err != nil {
			p.add(values["autocert"].Line, p.at(n, "autocert"), quote(versions), err.Error())
		}
	}
	for _, need := range p.list(n, values, "needs") {
		if slices.Contains(ChapterNames(), need) {
			r.Needs = append(r.Needs, Need{Chapter: need})
		} else {
			r.Needs = append(r.Needs, Need{ID: need})
		}
	}
	for _, world := range p.list(n, values, "worlds") {
		if !slices.Contains(worlds, world) {
			p.add(values["worlds"].Line, p.at(n, "worlds"), quote(world), oneOf(worlds))
		}
		r.Worlds = append(r.Worlds, world)
	}
	r.Cases = p.cases(n, r.ID, values["cases"])
	return r
}

// text reads an optional text; the folds of YAML end in a newline that no
// reader wants.
func (p *parser) text(entry *yaml.Node, values map[string]*yaml.Node, key string) string {
	n := values[key]
	if n == nil {
		return ""
	}
	if !isText(n) {
		p.add(n.Line, p.at(entry, key), describe(n), "a text")
		return ""
	}
	return strings.TrimSpace(n.Value)
}

func (p *parser) among(entry *yaml.Node, values map[string]*yaml.Node, key string, allowed []Level) string {
	text := p.text(entry, values, key)
	if text != "" && !slices.Contains(allowed, Level(text)) {
		p.add(values[key].Line, p.at(entry, key), quote(text), oneOf(allowed))
	}
	return text
}

// list reads an optional list of texts, none of them twice.
func (p *parser) list(entry *yaml.Node, values map[string]*yaml.Node, key string) []string {
	n := values[key]
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		p.add(n.Line, p.at(entry, key), describe(n), "a list of texts, or no such key")
		return nil
	}
	var all []string
	for _, item := range n.Content {
		switch item = follow(item); {
		case !isText(item):
			p.add(item.Line, p.at(entry, key), describe(item), "a text")
		case slices.Contains(all, item.Value):
			p.add(item.Line, p.at(entry, key), quote(item.Value)+" a second time", "each once")
		default:
			all = append(all, item.Value)
		}
	}
	return all
}

var idPattern = regexp.MustCompile(`^([A-Z0-9]+)-([0-9]{2})$`)

// checkIDs checks form, prefix, order and uniqueness of a file's IDs.
func (p *parser) checkIDs(all []Requirement) {
	last, lastID := 0, ""
	for _, r := range all {
		if r.ID == "" {
			continue
		}
		match := idPattern.FindStringSubmatch(r.ID)
		if match == nil || match[1] != p.chapter.Prefix {
			p.add(r.Line, "id", quote(r.ID), p.chapter.Prefix+"- and two digits")
			continue
		}
		number, err := strconv.Atoi(match[2])
		if err != nil {
			continue // two digits, by the pattern
		}
		switch {
		case number == last:
			p.add(r.Line, "id", r.ID+" a second time", "each ID once")
		case number < last:
			p.add(r.Line, "id", r.ID+" after "+lastID, "ascending order")
		}
		if number > last {
			last, lastID = number, r.ID
		}
	}
}

// at names a key of an entry by the entry's ID, where it has one.
func (p *parser) at(entry *yaml.Node, key string) string {
	for _, f := range fields(entry) {
		if f.key.Value == "id" && isText(f.value) {
			return f.value.Value + ": " + key
		}
	}
	return key
}

func (p *parser) add(line int, key, found, expected string) {
	p.mistakes.add(p.file, line, key, found, expected)
}
