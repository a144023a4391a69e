package scenarios

import (
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"assay/scenarios/strictyaml"
)

//go:embed *.yaml
var files embed.FS

// Catalogue holds every requirement, chapter by chapter.
type Catalogue struct {
	Chapters []Chapter `json:"chapters"`
	digest   string
}

var embedded = sync.OnceValues(func() (*Catalogue, error) { return load(files, "scenarios") })

// Load returns the catalogue that is built into the program. It is read once
// and shared: callers must not change it. The error names every mistake.
func Load() (*Catalogue, error) { return embedded() }

// load reads a catalogue from the YAML files at the top of fsys; a chapter without a
// file is left out. dir precedes file names in messages. The error joins a
// [strictyaml.Mistake] for everything that is wrong.
func load(fsys fs.FS, dir string) (*Catalogue, error) {
	names, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, err
	}
	c := &Catalogue{}
	sum := sha256.New()
	var read []*strictyaml.File
	for _, chapter := range chapters {
		name := chapter.Name + ".yaml"
		if !slices.Contains(names, name) {
			continue
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		// Name and length prevent two files from having the digest of one.
		fmt.Fprintf(sum, "%s %d\n%s", name, len(text), text)
		read = append(read, parse(path.Join(dir, name), text, &chapter))
		c.Chapters = append(c.Chapters, chapter)
	}
	c.checkNeeds(read)
	var wrong []error
	for _, f := range read {
		wrong = append(wrong, f.Err())
	}
	for _, name := range names {
		chapter := strings.TrimSuffix(name, ".yaml")
		if !slices.Contains(ChapterNames(), chapter) {
			wrong = append(wrong, strictyaml.Mistake{
				File: path.Join(dir, name), Line: 1, Key: "YAML",
				Found:    "a file for the chapter " + chapter,
				Expected: "one of " + strings.Join(ChapterNames(), ", "),
			})
		}
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	c.digest = fmt.Sprintf("sha256:%x", sum.Sum(nil))
	return c, nil
}

// Digest returns the digest of the catalogue's files, "sha256:" and 64
// hexadecimal digits. Two reports with the same digest were judged by the same
// catalogue.
func (c *Catalogue) Digest() string { return c.digest }

// ChapterNames returns the names of all chapters, in the catalogue's order.
func ChapterNames() []string {
	names := make([]string, len(chapters))
	for i, c := range chapters {
		names[i] = c.Name
	}
	return names
}
