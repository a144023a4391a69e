package scenarios

import (
	"crypto/sha256"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:embed *.yaml
var files embed.FS

// Catalogue is every requirement, in the catalogue's order.
type Catalogue struct {
	Chapters []Chapter `json:"chapters"`
	digest   string
}

var embedded = sync.OnceValues(func() (*Catalogue, error) { return load(files, "scenarios") })

// Load returns the catalogue that is built into the program. It is read once
// and shared: callers do not change it. The error names every mistake.
func Load() (*Catalogue, error) { return embedded() }

// LoadFS reads a catalogue from the YAML files at the top of fsys; a chapter
// without a file is left out. The error joins a [Mistake] for each thing that
// is wrong.
func LoadFS(fsys fs.FS) (*Catalogue, error) { return load(fsys, "") }

// load reads the catalogue; dir goes before file names in messages.
func load(fsys fs.FS, dir string) (*Catalogue, error) {
	names, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, err
	}
	var wrong mistakes
	c := &Catalogue{}
	sum := sha256.New()
	for _, chapter := range chapters {
		name := chapter.Name + ".yaml"
		if !slices.Contains(names, name) {
			continue
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		// Name and length keep two files from reading like one.
		fmt.Fprintf(sum, "%s %d\n%s", name, len(text), text)
		p := parser{file: path.Join(dir, name), chapter: chapter, mistakes: &wrong}
		chapter.Requirements = p.parse(text)
		c.Chapters = append(c.Chapters, chapter)
	}
	for _, name := range names {
		if !slices.Contains(ChapterNames(), strings.TrimSuffix(name, ".yaml")) {
			wrong.add(path.Join(dir, name), 1, "chapter", quote(strings.TrimSuffix(name, ".yaml")), oneOf(ChapterNames()))
		}
	}
	c.checkNeeds(&wrong)
	if len(wrong) > 0 {
		return nil, wrong.err()
	}
	c.digest = fmt.Sprintf("sha256:%x", sum.Sum(nil))
	return c, nil
}

// Digest names the catalogue's content, "sha256:" and 64 hexadecimal digits:
// two reports with the same digest were judged by the same text.
func (c *Catalogue) Digest() string { return c.digest }

// ChapterNames are the names of all chapters, in the catalogue's order.
func ChapterNames() []string {
	names := make([]string, len(chapters))
	for i, c := range chapters {
		names[i] = c.Name
	}
	return names
}
