package report

import (
	"os"
	"path/filepath"
)

// Here is a path as somebody writes it who is in this process's working
// directory: relative if it lies below, as it is if not.
func Here(path string) string {
	dir, err := os.Getwd()
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}
