package suite

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// keep copies the spec's directory into the report, keys and all, for a
// person to look at and to start the server by hand.
func (s *Scenario) keep() error {
	to := filepath.Join(s.setup.Keep, s.requirement.ID, s.row.Name)
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	return copyTree(s.Dir, to)
}

// copyTree copies directories, files and symbolic links. What cannot be copied
// is left out: a server's sockets, and what a spec made unreadable.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return leftOut(err)
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		copied := filepath.Join(to, rel)
		switch entry.Type() {
		case fs.ModeDir:
			return os.MkdirAll(copied, 0o755)
		case fs.ModeSymlink:
			points, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(points, copied)
		case 0:
			content, err := os.ReadFile(path)
			if err != nil {
				return leftOut(err)
			}
			return os.WriteFile(copied, content, 0o600)
		}
		return nil
	})
}

// leftOut is nil for what a walk through a spec's directory may leave out: what
// nobody may read, and what a server removed in the meantime.
func leftOut(err error) error {
	if err == nil || errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
