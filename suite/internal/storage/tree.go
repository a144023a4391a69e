package storage

import (
	"io/fs"
	"path/filepath"

	"assay/suite/internal/careful"
	"assay/suite/internal/limits"
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
func read(in *careful.Dir, dir string) (tree, error) {
	var all tree
	err := in.Walk(dir, func(name string, entry fs.DirEntry) error {
		info, err := entry.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		n := node{path: rel, mode: info.Mode()}
		switch {
		case info.Mode().IsRegular():
			if n.content, err = in.ReadFile(name, limits.File); err != nil {
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
func (t tree) write(in *careful.Dir, dir string) error {
	for _, n := range t {
		name := filepath.Join(dir, n.path)
		if n.mode.IsDir() {
			if err := in.Mkdir(name, 0o700); err != nil {
				return err
			}
			continue
		}
		if err := in.WriteFile(name, n.content, n.mode.Perm()); err != nil {
			return err
		}
	}
	return nil
}
