// Package output writes files into a directory that may also hold files of other
// programs.
package output

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"assay/suite/internal/careful"
	"assay/suite/internal/limits"
)

// A Dir is an open directory. It refuses every name that leads out of it. Names
// have slashes.
type Dir struct{ *careful.Dir }

// In makes a directory if necessary, opens it, and calls the functions with it, one
// after the other, until one returns an error. Errors name the directory or the
// file.
func In(dir string, functions ...func(Dir) error) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	open, err := careful.OpenDir(dir)
	if err != nil {
		return err
	}
	defer open.Close()
	for _, do := range functions {
		if err := do(Dir{open}); err != nil {
			return err
		}
	}
	return nil
}

// Name returns the path of the directory.
func (d Dir) Name() string { return d.Path(".") }

// Path returns the path of a file for messages.
func (d Dir) Path(name string) string { return d.Dir.Path(filepath.FromSlash(name)) }

// Replace writes a file, which appears at once or not at all, and makes the
// directories above it. See [careful.Dir.Replace].
func (d Dir) Replace(name string, text []byte) error {
	err := d.MkdirAll(path.Dir(name), 0o755)
	if err == nil {
		err = d.Dir.Replace(name, text, 0o644)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", d.Path(name), err)
	}
	return nil
}

// Remove removes a file, which may be missing.
func (d Dir) Remove(name string) error {
	if err := d.Dir.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", d.Path(name), err)
	}
	return nil
}

// Read returns the content of a file, and nil if the file is missing, or if there is
// a pipe or the like, which holds nothing that could be lost.
func (d Dir) Read(name string) ([]byte, error) {
	info, err := d.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && careful.HoldsNothing(info.Mode()) {
		return nil, nil
	}
	text, err := d.ReadFile(name, limits.Report)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.Path(name), err)
	}
	return text, nil
}
