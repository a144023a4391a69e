package careful

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// RemoveAll removes a file or a directory with all that it holds, like
// [os.RemoveAll]. It also removes directories that lie in one another without end
// and those that may not be read, and gives up when the context ends: a program
// may go on to make files.
func RemoveAll(ctx context.Context, path string) error {
	parent, err := unix.Open(filepath.Dir(path), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	if err != nil {
		return &fs.PathError{Op: "remove", Path: path, Err: err}
	}
	defer unix.Close(parent)
	return removeAt(ctx, parent, filepath.Base(path), path)
}

// Deadline returns a context for [RemoveAll] that ends after a time, with an error
// that says so.
func Deadline(limit time.Duration) (context.Context, context.CancelFunc) {
	cause := fmt.Errorf("it may take %s", limit)
	return context.WithTimeoutCause(context.Background(), limit, cause)
}

// removeAt removes an entry of a directory.
func removeAt(ctx context.Context, parent int, name, path string) error {
	fail := func(err error) error { return &fs.PathError{Op: "remove", Path: path, Err: err} }
	err := unlink(parent, name)
	if err == nil {
		return nil
	}
	if !isDirectory(err) {
		return fail(err)
	}
	r := removal{ctx: ctx, path: path}
	r.top, err = openDirAt(parent, name)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	if err != nil {
		return fail(err)
	}
	defer unix.Close(r.top)
	for {
		if err := r.empty(); err != nil {
			return err
		}
		err := unix.Unlinkat(parent, name, unix.AT_REMOVEDIR)
		switch {
		case err == nil, errors.Is(err, unix.ENOENT):
			return nil
		case !errors.Is(err, unix.ENOTEMPTY): // a program has made a file meanwhile
			return fail(err)
		}
		if err := r.overdue(); err != nil {
			return err
		}
	}
}

// A removal empties one directory. It moves directories that lie deeper up into
// that one, so that it needs no path and no more than two open files, however
// deep they lie.
type removal struct {
	ctx   context.Context
	path  string
	top   int // the directory
	moved int // directories so far that were moved up
}

// overdue returns an error if the removal takes too long.
func (r *removal) overdue() error {
	if r.ctx.Err() == nil {
		return nil
	}
	return fmt.Errorf("removing %s took too long: %w", r.path, context.Cause(r.ctx))
}

// empty removes what the directory holds.
func (r *removal) empty() error {
	for {
		names, err := namesIn(r.top)
		if err != nil || len(names) == 0 {
			return r.failed(".", err)
		}
		for _, name := range names {
			if err := r.overdue(); err != nil {
				return err
			}
			if err := r.remove(name); err != nil {
				return err
			}
		}
	}
}

// remove removes an entry of the directory. Directories in it are moved up.
func (r *removal) remove(name string) error {
	if err := unlink(r.top, name); !isDirectory(err) {
		return r.failed(name, err)
	}
	sub, err := openDirAt(r.top, name)
	if err != nil {
		return r.failed(name, err)
	}
	defer unix.Close(sub)
	for {
		names, err := namesIn(sub)
		if err != nil {
			return r.failed(name, err)
		}
		if len(names) == 0 {
			break
		}
		for _, entry := range names {
			if err := r.overdue(); err != nil {
				return err
			}
			err := unlink(sub, entry)
			if isDirectory(err) {
				err = r.moveUp(sub, entry)
			}
			if err != nil {
				return r.failed(name, err)
			}
		}
	}
	err = unix.Unlinkat(r.top, name, unix.AT_REMOVEDIR)
	if errors.Is(err, unix.ENOTEMPTY) {
		return nil // it is found again
	}
	return r.failed(name, err)
}

// moveUp gives a directory another place and a name of its own there.
func (r *removal) moveUp(from int, name string) error {
	for {
		r.moved++
		to := fmt.Sprintf(".assay-removed-%d", r.moved)
		err := unix.Renameat(from, name, r.top, to)
		if errors.Is(err, unix.EACCES) { // its owner may not write it
			if dir, no := openDirAt(from, name); no == nil {
				unix.Close(dir)
				err = unix.Renameat(from, name, r.top, to)
			}
		}
		switch {
		case errors.Is(err, unix.ENOTEMPTY), errors.Is(err, unix.EEXIST), errors.Is(err, unix.ENOTDIR):
			continue // the name is taken
		case errors.Is(err, unix.ENOENT):
			return nil
		}
		return err
	}
}

// failed gives an error the path; nil stays nil, and so does what is gone.
func (r *removal) failed(name string, err error) error {
	if err == nil || errors.Is(err, unix.ENOENT) {
		return nil
	}
	return &fs.PathError{Op: "remove", Path: filepath.Join(r.path, name), Err: err}
}

// unlink removes what is no directory.
func unlink(dir int, name string) error {
	err := unix.Unlinkat(dir, name, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	return err
}

// isDirectory reports whether unlink failed because the name is that of a
// directory: EISDIR on Linux, EPERM elsewhere (unlink(2)).
func isDirectory(err error) bool {
	return errors.Is(err, unix.EISDIR) || errors.Is(err, unix.EPERM)
}

// openDirAt opens a directory, no link, and makes it readable and writable.
func openDirAt(parent int, name string) (fd int, err error) {
	const flags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC
	fd, err = unix.Openat(parent, name, flags, 0)
	if errors.Is(err, unix.EACCES) {
		if err := chmodAt(parent, name, 0o700); err != nil {
			return -1, err
		}
		fd, err = unix.Openat(parent, name, flags, 0)
	}
	if err != nil {
		return -1, err
	}
	_ = unix.Fchmod(fd, 0o700) // if it fails, so does what needs it
	return fd, nil
}

// namesIn returns some names of a directory; none if it is empty.
func namesIn(dir int) ([]string, error) {
	// A descriptor of its own begins at the first name.
	fd, err := unix.Openat(dir, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fd), ".")
	defer file.Close()
	names, err := file.Readdirnames(1024)
	if len(names) > 0 {
		return names, nil
	}
	if errno := syscall.Errno(0); errors.As(err, &errno) {
		return nil, errno
	}
	return nil, nil // io.EOF
}
