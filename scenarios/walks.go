package scenarios

import (
	"embed"
	"io/fs"
	"path"
	"strings"
)

//go:embed walks/*.yaml
var walks embed.FS

// Walks returns the names of the walks that are kept, in alphabetical order: lives in which
// servers have shown faults. "assay explore --play" takes each of them from its file,
// walks/NAME.yaml.
func Walks() (names []string, err error) {
	paths, err := fs.Glob(walks, "walks/*.yaml")
	for _, p := range paths {
		names = append(names, strings.TrimSuffix(path.Base(p), ".yaml"))
	}
	return names, err
}

// Walk returns the text of a walk. The error wraps [fs.ErrNotExist] if there is none.
func Walk(name string) ([]byte, error) { return walks.ReadFile("walks/" + name + ".yaml") }
