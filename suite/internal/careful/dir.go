package careful

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"assay/suite/internal/limits"
)

// A Dir is a directory in which a hostile program may write. Its methods take names
// below the directory, or absolute paths that lead below it. They follow links that
// stay in the directory, and fail for those that leave it. A Dir stays the same
// directory if another one is put in its place.
type Dir struct {
	root *os.Root
	path string
	base string // the directory below root that relative names start from
}

// OpenDir opens an existing directory.
func OpenDir(path string) (*Dir, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	return &Dir{root: root, path: path, base: "."}, nil
}

// From returns the same directory for names that are relative to a directory in it.
// Names such as "../other" lead to what is beside that directory.
func (d *Dir) From(name string) *Dir {
	return &Dir{root: d.root, path: d.path, base: filepath.Join(d.base, name)}
}

// Close closes the directory. Its methods fail from then on.
func (d *Dir) Close() error { return d.root.Close() }

// Path returns the absolute path of a name, whose elements these are.
func (d *Dir) Path(elements ...string) string {
	return filepath.Join(append([]string{d.path, d.base}, elements...)...)
}

// whole returns the absolute path of a name relative to the root.
func (d *Dir) whole(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(d.path, name)
}

// Holds reports whether a name is one below the directory: relative, or absolute
// and below the path of the directory. It looks at no file.
func (d *Dir) Holds(name string) bool {
	_, err := d.below(name)
	return err == nil
}

// below returns a name relative to the root.
func (d *Dir) below(name string) (string, error) {
	rel := filepath.Join(d.base, name)
	if filepath.IsAbs(name) {
		var err error
		if rel, err = filepath.Rel(d.path, name); err != nil {
			return "", err
		}
	}
	if !filepath.IsLocal(rel) {
		return "", fmt.Errorf("%s: expected a path below %s", name, d.path)
	}
	return rel, nil
}

// do calls f with the name relative to the root, and gives an error the whole
// path.
func (d *Dir) do(name string, f func(name string) error) error {
	rel, err := d.below(name)
	if err != nil {
		return err
	}
	return d.named(f(rel))
}

// named gives the error of an operation the whole path instead of the relative one.
func (d *Dir) named(err error) error {
	switch e := err.(type) { //nolint:errorlint // os.Root returns these, not wrapped
	case *fs.PathError:
		return &fs.PathError{Op: e.Op, Path: d.whole(e.Path), Err: e.Err}
	case *os.LinkError:
		return &os.LinkError{Op: e.Op, Old: d.whole(e.Old), New: d.whole(e.New), Err: e.Err}
	}
	return err
}

// open opens a regular file.
func (d *Dir) open(name string, flags int, mode fs.FileMode) (*os.File, error) {
	rel, err := d.below(name)
	if err != nil {
		return nil, err
	}
	file, err := d.root.OpenFile(rel, flags|openFlags, mode)
	if errors.Is(err, syscall.ENXIO) { // a socket, or a pipe that nobody reads
		if info, no := d.root.Lstat(rel); no == nil {
			return nil, refuseKind(d.whole(rel), info.Mode())
		}
	}
	if err != nil {
		return nil, d.named(err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = refuseKind(d.whole(rel), info.Mode())
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// Open opens a regular file for reading.
func (d *Dir) Open(name string) (*os.File, error) { return d.open(name, os.O_RDONLY, 0) }

// ReadFile returns what a regular file holds. It refuses a file with more bytes
// than limit without reading it.
func (d *Dir) ReadFile(name string, limit int64) ([]byte, error) {
	file, err := d.Open(name)
	if err != nil {
		return nil, err
	}
	return readAll(file.Name(), file, limit)
}

// Create opens a regular file for writing and empties it. It makes the file if
// there is none.
func (d *Dir) Create(name string, mode fs.FileMode) (*os.File, error) {
	return emptied(d.open(name, os.O_WRONLY|os.O_CREATE, mode))
}

// WriteFile writes a file, like [os.WriteFile].
func (d *Dir) WriteFile(name string, data []byte, mode fs.FileMode) error {
	file, err := d.Create(name, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Close())
}

// Replace writes a file under another name and renames it, so that the file appears at
// once. It replaces whatever has the name, if that is no directory.
func (d *Dir) Replace(name string, data []byte, mode fs.FileMode) error {
	temp := filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+".assay-tmp")
	// The name is fixed, so that the next run replaces a file that a killed run left.
	if err := d.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := d.WriteFile(temp, data, mode)
	if err == nil {
		err = d.Rename(temp, name)
	}
	if err != nil {
		_ = d.Remove(temp) // err is the error to report
	}
	return err
}

// Mkdir makes a directory, like [os.Mkdir].
func (d *Dir) Mkdir(name string, mode fs.FileMode) error {
	return d.do(name, func(name string) error { return d.root.Mkdir(name, mode) })
}

// MkdirAll makes a directory with its parents, like [os.MkdirAll].
func (d *Dir) MkdirAll(name string, mode fs.FileMode) error {
	return d.do(name, func(name string) error { return d.root.MkdirAll(name, mode) })
}

// Remove removes a file or an empty directory, like [os.Remove].
func (d *Dir) Remove(name string) error { return d.do(name, d.root.Remove) }

// RemoveAll removes a file or a directory with all that it holds, like the function
// of this name, within the time that a cleanup may take.
func (d *Dir) RemoveAll(name string) error {
	return d.do(name, func(name string) error {
		dir, err := d.root.OpenFile(filepath.Dir(name), os.O_RDONLY|syscall.O_DIRECTORY|openFlags, 0)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		defer dir.Close()
		ctx, cancel := Deadline(limits.Cleanup)
		defer cancel()
		return removeAt(ctx, int(dir.Fd()), filepath.Base(name), d.whole(name))
	})
}

// Rename renames a file or a directory, like [os.Rename].
func (d *Dir) Rename(from, to string) error {
	to, err := d.below(to)
	if err != nil {
		return err
	}
	return d.do(from, func(from string) error { return d.root.Rename(from, to) })
}

// Symlink makes a symbolic link that says to.
func (d *Dir) Symlink(to, name string) error {
	return d.do(name, func(name string) error { return d.root.Symlink(to, name) })
}

// Link makes a hard link to a file of the directory.
func (d *Dir) Link(to, name string) error {
	to, err := d.below(to)
	if err != nil {
		return err
	}
	return d.do(name, func(name string) error { return d.root.Link(to, name) })
}

// Readlink returns what a symbolic link says.
func (d *Dir) Readlink(name string) (to string, err error) {
	err = d.do(name, func(name string) (err error) {
		to, err = d.root.Readlink(name)
		return err
	})
	return to, err
}

// Chmod changes a mode, like [os.Chmod].
func (d *Dir) Chmod(name string, mode fs.FileMode) error {
	return d.do(name, func(name string) error { return d.root.Chmod(name, mode) })
}

// Chtimes changes the times of a file, like [os.Chtimes].
func (d *Dir) Chtimes(name string, access, modification time.Time) error {
	return d.do(name, func(name string) error { return d.root.Chtimes(name, access, modification) })
}

// Lstat describes what has this name, like [os.Lstat].
func (d *Dir) Lstat(name string) (info fs.FileInfo, err error) {
	err = d.do(name, func(name string) (err error) {
		info, err = d.root.Lstat(name)
		return err
	})
	return info, err
}

// Stat describes what this name leads to, like [os.Stat].
func (d *Dir) Stat(name string) (info fs.FileInfo, err error) {
	err = d.do(name, func(name string) (err error) {
		info, err = d.root.Stat(name)
		return err
	})
	return info, err
}
