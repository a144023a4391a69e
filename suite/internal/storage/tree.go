package storage

import (
	"io/fs"
	"os"
	"path/filepath"
)

// A tree holds the content of a directory at some moment.
type tree []node

// A node is a directory or a regular file of a tree.
type node struct {
	path    string // relative to the directory
	mode    fs.FileMode
	content []byte
}

// read returns what a directory holds. It leaves out what is neither a directory
// nor a regular file.
func read(dir string) (tree, error) {
	var all tree
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		n := node{path: rel, mode: info.Mode()}
		switch {
		case info.Mode().IsRegular():
			if n.content, err = os.ReadFile(path); err != nil {
				return err
			}
		case !info.IsDir():
			return nil
		}
		all = append(all, n)
		return nil
	})
	return all, err
}

// write puts a tree into an existing directory.
func (t tree) write(dir string) error {
	for _, n := range t {
		path := filepath.Join(dir, n.path)
		if n.mode.IsDir() {
			if err := os.Mkdir(path, 0o700); err != nil {
				return err
			}
			continue
		}
		if err := os.WriteFile(path, n.content, n.mode.Perm()); err != nil {
			return err
		}
	}
	return nil
}
