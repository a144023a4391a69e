package atlas

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// The names of what Write leaves.
const (
	JSONFile     = "atlas.json"
	MarkdownFile = "ATLAS.md"
	NotesFile    = "notes.yaml"
)

// WriteJSON writes an atlas for programs.
func (a *Atlas) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(a)
}

// Write stores an atlas in a directory, as JSON and as Markdown.
func (a *Atlas) Write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("atlas: %w", err)
	}
	for name, write := range map[string]func(io.Writer) error{JSONFile: a.WriteJSON, MarkdownFile: a.WriteMarkdown} {
		file, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return fmt.Errorf("atlas: %w", err)
		}
		err = write(file)
		if closing := file.Close(); err == nil {
			err = closing
		}
		if err != nil {
			return fmt.Errorf("atlas: %s: %w", name, err)
		}
	}
	return nil
}
