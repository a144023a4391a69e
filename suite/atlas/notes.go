package atlas

import (
	"bytes"
	"fmt"
	"os"

	"go.yaml.in/yaml/v4"
)

// ReadNotes reads explanations by version. Errors name the file.
func ReadNotes(path string) (map[string][]Note, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("notes: %w", err)
	}
	notes := map[string][]Note{}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&notes); err != nil {
		return nil, fmt.Errorf("notes: %s: %w", path, err)
	}
	for version, list := range notes {
		for i, n := range list {
			if n.Text == "" {
				return nil, fmt.Errorf("notes: %s: %s[%d].text: expected an explanation", path, version, i)
			}
		}
	}
	return notes, nil
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
