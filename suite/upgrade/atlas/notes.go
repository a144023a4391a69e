package atlas

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Known says what notes can be about. A nil function knows everything.
type Known struct {
	Version func(string) bool // of the module
	ID      func(string) bool // of the catalogue
}

// ReadNotes reads explanations by version; a file without any is no mistake.
// The error names every mistake with file and line.
func ReadNotes(path string, known Known) (map[string][]Note, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("notes: %w", err)
	}
	r := notesReader{file: path, known: known, notes: map[string][]Note{}}
	loader, err := yaml.NewLoader(bytes.NewReader(text), yaml.WithUniqueKeys(false))
	if err != nil {
		return nil, fmt.Errorf("notes: %s: %w", path, err)
	}
	var document yaml.Node
	var loading *yaml.LoadError
	switch err := loader.Load(&document); {
	case errors.Is(err, io.EOF): // nothing but comments
	case errors.As(err, &loading):
		r.wrong(max(1, loading.Mark.Line), loading.Message, "well-formed YAML")
	case err != nil:
		r.wrong(1, err.Error(), "well-formed YAML")
	default:
		r.read(document.Content[0])
	}
	return r.notes, errors.Join(r.mistakes...)
}

type notesReader struct {
	file     string
	known    Known
	notes    map[string][]Note
	mistakes []error
}

func (r *notesReader) wrong(line int, found, expected string) {
	r.mistakes = append(r.mistakes, fmt.Errorf("notes: %s:%d: found %s, expected %s", r.file, line, found, expected))
}

func (r *notesReader) read(top *yaml.Node) {
	if top.Kind != yaml.MappingNode {
		r.wrong(top.Line, "no mapping", "versions, each with a list of notes")
		return
	}
	for i := 0; i+1 < len(top.Content); i += 2 {
		version, list := top.Content[i], top.Content[i+1]
		switch _, twice := r.notes[version.Value]; {
		case twice:
			r.wrong(version.Line, version.Value+" a second time", "each version once")
		case r.known.Version != nil && !r.known.Version(version.Value):
			r.wrong(version.Line, fmt.Sprintf("%q", version.Value), "a version that there is")
		}
		if list.Kind != yaml.SequenceNode || len(list.Content) == 0 {
			r.wrong(list.Line, "no list", "notes on "+version.Value)
		}
		r.notes[version.Value] = nil
		for _, n := range list.Content {
			r.notes[version.Value] = append(r.notes[version.Value], r.note(n))
		}
	}
}

func (r *notesReader) note(n *yaml.Node) (note Note) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch key, value := n.Content[i], n.Content[i+1]; key.Value {
		case "text":
			note.Text = strings.TrimSpace(value.Value)
		case "link":
			if note.Link = value.Value; note.Link == "" {
				r.wrong(value.Line, "a link that is no text", "an address")
			}
		case "ids":
			if value.Kind != yaml.SequenceNode {
				r.wrong(value.Line, "no list", "IDs of the catalogue")
			}
			for _, id := range value.Content {
				if r.known.ID != nil && !r.known.ID(id.Value) {
					r.wrong(id.Line, fmt.Sprintf("%q", id.Value), "an ID of the catalogue")
				}
				note.IDs = append(note.IDs, id.Value)
			}
		default:
			r.wrong(key.Line, fmt.Sprintf("%q", key.Value), "text, ids or link")
		}
	}
	if note.Text == "" {
		r.wrong(n.Line, "a note without text", "an explanation")
	}
	return note
}

// Annotate gives each release the notes about any of its versions, in place of
// those that it has.
func (a *Atlas) Annotate(notes map[string][]Note) {
	for i := range a.Releases {
		r := &a.Releases[i]
		r.Notes = nil
		for _, v := range r.Versions {
			r.Notes = append(r.Notes, notes[v]...)
		}
	}
}
