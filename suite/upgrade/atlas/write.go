package atlas

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
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
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("atlas: %w", err)
	}
	for _, file := range []struct {
		name  string
		write func(io.Writer) error
	}{{MarkdownFile, a.WriteMarkdown}, {JSONFile, a.WriteJSON}} {
		var text bytes.Buffer
		if err := file.write(&text); err != nil {
			return fmt.Errorf("atlas: %s: %w", file.name, err)
		}
		if err := replace(filepath.Join(dir, file.name), text.Bytes()); err != nil {
			return fmt.Errorf("atlas: %w", err)
		}
	}
	return nil
}

// replace writes a file under a temporary name and renames it. The temporary name
// is always the same, so that the next run replaces a file that a killed run left.
func replace(path string, text []byte) error {
	temp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".assay-tmp")
	err := os.WriteFile(temp, text, 0o644)
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		os.Remove(temp) // best effort: err is the error to report
	}
	return err
}
