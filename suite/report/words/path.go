package words

import (
	"os"
	"path/filepath"
)

// RelativePath returns a path as a user would write it who is in the working directory
// of this process: relative if the path is below that directory, else unchanged.
func RelativePath(path string) string {
	dir, err := os.Getwd()
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}
