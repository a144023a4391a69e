package atlas

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"assay/suite/internal/output"
)

// Names of the files in the directory of an atlas.
const (
	JSONFile     = "atlas.json"
	MarkdownFile = "ATLAS.md"
	NotesFile    = "notes.yaml"
)

// WriteJSON writes an atlas as JSON, the content of atlas.json. A requirement has one line:
// with a line for each of its observations, the file would be half as large again.
func (a *Atlas) WriteJSON(w io.Writer) error {
	head := *a
	head.Results = []Requirement{}
	text, err := encode(head, " ")
	if err != nil {
		return err
	}
	lines := make([]string, len(a.Results))
	for i := range a.Results {
		if lines[i], err = encode(&a.Results[i], ""); err != nil {
			return err
		}
	}
	text = strings.TrimSuffix(text, "[]\n}") // the results are the last member
	_, err = fmt.Fprintf(w, "%s[\n  %s\n ]\n}\n", text, strings.Join(lines, ",\n  "))
	return err
}

// encode returns a value as JSON, on one line if indent is empty.
func encode(v any, indent string) (string, error) {
	var text strings.Builder
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	err := e.Encode(v)
	return strings.TrimSuffix(text.String(), "\n"), err
}

// Write writes an atlas to a directory, as Markdown and then as JSON. It replaces
// each file in one step, so that no file is ever incomplete.
func (a *Atlas) Write(dir string) error {
	var markdown, text bytes.Buffer
	if err := errors.Join(a.WriteMarkdown(&markdown), a.WriteJSON(&text)); err != nil {
		return fmt.Errorf("atlas: %s: %w", dir, err)
	}
	err := output.In(dir,
		func(d output.Dir) error { return d.Replace(MarkdownFile, markdown.Bytes()) },
		func(d output.Dir) error { return d.Replace(JSONFile, text.Bytes()) })
	if err != nil {
		return fmt.Errorf("atlas: %w", err)
	}
	return nil
}
