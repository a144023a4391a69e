package storage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"assay/suite/internal/world"
)

// A Fault is a reason why a directory takes no file, or not every file.
type Fault string

// The faults, as the rows of the catalogue call them.
const (
	// Mode takes the right to write away from the directory. A server can give
	// itself that right again if the directory is its own.
	Mode Fault = "mode"
	// ReadOnly is a mount that is read-only.
	ReadOnly Fault = "read-only-mount"
	// Full is a disk without a free byte.
	Full Fault = "full-disk"
	// OnePage is a disk on which only a file of at most 4096 bytes has room.
	OnePage Fault = "room-for-4096-bytes"
	// NoFiles is a disk with free space on which no further file can be made.
	NoFiles Fault = "no-further-file"
	// Removed removes the directory. A server can make it again.
	Removed Fault = "removed"
	// RemovedForGood removes the directory and makes the one above read-only.
	RemovedForGood Fault = "removed-for-good"
	// FileInPlace puts a file in the place of the directory.
	FileInPlace Fault = "file-in-its-place"
)

// Empties reports whether the fault takes away what the directory held.
func (f Fault) Empties() bool {
	return f == Removed || f == RemovedForGood || f == FileInPlace
}

// A Directory is a directory that can be given a fault, any number of times.
type Directory struct {
	path   string
	fault  Fault
	remove func() error // unmounts what Prepare mounted; nil if it mounted nothing

	setReadOnly func(bool) error // of the mount, for ReadOnly
	held        tree             // what Break took away, for faults that empty
}

// Prepare returns the directory at path, which exists, ready to be given a fault.
// What the directory holds stays in it. Prepare mounts a file system of its own
// for some faults; the error is [world.ErrUnsupported] where that is not possible.
func Prepare(w world.World, path string, fault Fault) (*Directory, error) {
	d := &Directory{path: path, fault: fault}
	var err error
	switch fault {
	case Mode, Removed, RemovedForGood, FileInPlace:
		return d, nil
	case ReadOnly:
		d.setReadOnly, d.remove, err = world.SwitchableMount(w, path)
		return d, err
	case Full, OnePage, NoFiles:
		return d, d.mountDisk(w)
	}
	return nil, fmt.Errorf("a directory with the fault %q: expected a fault that is known", fault)
}

// The disk has room for what the directory holds, and for what a server stores
// while all is well.
const (
	sparePages = 16
	spareFiles = 16
)

func (d *Directory) mountDisk(w world.World) error {
	held, err := read(d.path)
	if err != nil {
		return err
	}
	size, files := (held.pages()+sparePages)*page, 0
	if d.fault == NoFiles {
		files = len(held) + 1 + spareFiles
	}
	if d.remove, err = world.SmallDisk(w, d.path, size, files); err != nil {
		return err
	}
	return held.write(d.path)
}

// Break gives the directory its fault.
func (d *Directory) Break() error {
	switch d.fault {
	case Mode:
		return os.Chmod(d.path, 0o500)
	case ReadOnly:
		return d.setReadOnly(true)
	case Full:
		return d.fill(0)
	case OnePage:
		return d.fill(page)
	case NoFiles:
		return d.fillFiles()
	}
	var err error
	if d.held, err = read(d.path); err != nil {
		return err
	}
	if err := os.RemoveAll(d.path); err != nil {
		return err
	}
	switch d.fault {
	case RemovedForGood:
		return os.Chmod(filepath.Dir(d.path), 0o500)
	case FileInPlace:
		return os.WriteFile(d.path, nil, 0o600)
	}
	return nil
}

// Mend ends the fault. What Break took away is there again, unless the server has
// made the directory anew.
func (d *Directory) Mend() error {
	switch d.fault {
	case Mode:
		return os.Chmod(d.path, 0o700)
	case ReadOnly:
		return d.setReadOnly(false)
	case Full, OnePage, NoFiles:
		return os.RemoveAll(d.filler())
	case RemovedForGood:
		if err := os.Chmod(filepath.Dir(d.path), 0o700); err != nil {
			return err
		}
	case FileInPlace:
		info, err := os.Lstat(d.path)
		if err == nil && info.Mode().IsRegular() {
			err = os.Remove(d.path)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	err := os.Mkdir(d.path, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return d.held.write(d.path)
}

// Close ends the fault where it would keep the directory from being removed, and
// unmounts what Prepare mounted.
func (d *Directory) Close() error {
	switch {
	case d.remove != nil:
		return d.remove()
	case d.fault == RemovedForGood:
		return os.Chmod(filepath.Dir(d.path), 0o700)
	case d.fault == Mode:
		if err := os.Chmod(d.path, 0o700); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// filler is the file or directory that uses up what a disk has.
func (d *Directory) filler() string { return filepath.Join(d.path, "filler") }

// fill uses up the free bytes of the disk, but for these.
func (d *Directory) fill(spare int64) error {
	file, err := os.OpenFile(d.filler(), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	for err == nil {
		_, err = file.Write(make([]byte, page))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		return err
	}
	written, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	return file.Truncate(max(written-spare, 0))
}

// fillFiles makes files until no further one can be made.
func (d *Directory) fillFiles() error {
	if err := os.Mkdir(d.filler(), 0o700); err != nil {
		return err
	}
	for i := 0; ; i++ {
		err := os.WriteFile(filepath.Join(d.filler(), strconv.Itoa(i)), nil, 0o600)
		if errors.Is(err, syscall.ENOSPC) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
