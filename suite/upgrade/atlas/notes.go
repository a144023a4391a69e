package atlas

import (
	"fmt"
	"os"
	"strings"

	"assay/scenarios/strictyaml"
)

// Known decides which versions and IDs notes may name. A nil function accepts
// every value.
type Known struct {
	Version func(string) bool // versions of the module
	ID      func(string) bool // IDs of the catalogue
}

// ReadNotes reads the notes of each version. A file without notes is valid. The
// error joins all mistakes in the file, each a [strictyaml.Mistake].
func ReadNotes(path string, known Known) (map[string][]Note, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("notes: %w", err)
	}
	notes := map[string][]Note{}
	f := strictyaml.Decode(path, text, &notes)
	if f.Empty() {
		return notes, nil
	}
	for version, list := range notes {
		if known.Version != nil && !known.Version(version) {
			f.Wrong(version, fmt.Sprintf("%q", version), "a version that exists")
		}
		if len(list) == 0 {
			f.Expect(version, "at least one note")
		}
		for i := range list {
			note := &list[i]
			note.Text = strings.TrimSpace(note.Text)
			for j, id := range note.IDs {
				if known.ID != nil && !known.ID(id) {
					f.Expect(fmt.Sprintf("%s[%d].ids[%d]", version, i, j), "an ID of the catalogue")
				}
			}
		}
	}
	return notes, f.Err()
}

// Annotate replaces the notes of each release by the notes about its versions.
func (a *Atlas) Annotate(notes map[string][]Note) {
	for i := range a.Releases {
		r := &a.Releases[i]
		r.Notes = nil
		for _, v := range r.Versions {
			r.Notes = append(r.Notes, notes[v]...)
		}
	}
}
