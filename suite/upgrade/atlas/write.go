package atlas

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"assay/suite/internal/output"
)

// Names of the files in the directory of an atlas.
const (
	JSONFile     = "atlas.json"
	MarkdownFile = "ATLAS.md"
	NotesFile    = "notes.yaml"
)

// WriteJSON writes an atlas as JSON, the content of atlas.json.
func (a *Atlas) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(a)
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
