package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"assay/suite/internal/careful"
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
	in     *careful.Dir
	name   string // below in
	fault  Fault
	remove func() error // unmounts what Prepare mounted; nil if it mounted nothing

	setReadOnly func(bool) error // of the mount, for ReadOnly
	disk        *world.Disk      // for Full and NoFiles
	held        tree             // what Break took away, for faults that empty
}

// OtherFile is the name of a file that Prepare puts into a directory that can be full.
const OtherFile = "other-file"

// page is the size of the smallest file on a [world.Disk] that holds anything.
const page = 4 << 10

// Prepare returns a directory in another one, which exists, ready to be given a
// fault. What the directory holds stays in it. Prepare mounts a file system of its own
// for some faults; the error is [world.ErrUnsupported] where that is not possible.
func Prepare(w world.World, in *careful.Dir, name string, fault Fault) (*Directory, error) {
	d := &Directory{in: in, name: name, fault: fault}
	var err error
	switch fault {
	case Mode, Removed, RemovedForGood, FileInPlace:
		return d, nil
	case ReadOnly:
		d.setReadOnly, d.remove, err = world.SwitchableMount(w, in.Path(name))
		return d, err
	case Full, NoFiles:
		return d, d.mountDisk(w)
	}
	return nil, fmt.Errorf("a directory with the fault %q: expected a fault that is known", fault)
}

// mountDisk mounts a disk over the directory, with what the directory holds.
func (d *Directory) mountDisk(w world.World) error {
	held, err := read(d.in, d.name)
	if err != nil {
		return err
	}
	if d.disk, err = world.NewDisk(w, d.in.Path(d.name)); err != nil {
		return err
	}
	d.remove = d.disk.Remove
	if err := held.write(d.in, d.name); err != nil {
		return err
	}
	// A disk that holds nothing cannot be full: tmpfs takes the size 0 for no limit.
	return d.in.WriteFile(filepath.Join(d.name, OtherFile), make([]byte, page), 0o600)
}

// Break gives the directory its fault.
func (d *Directory) Break() error {
	switch d.fault {
	case Mode:
		return d.in.Chmod(d.name, 0o500)
	case ReadOnly:
		return d.setReadOnly(true)
	case Full:
		return d.disk.Limit(0, -1)
	case NoFiles:
		return d.disk.Limit(-1, 0)
	}
	var err error
	if d.held, err = read(d.in, d.name); err != nil {
		return err
	}
	if err := d.in.RemoveAll(d.name); err != nil {
		return err
	}
	switch d.fault {
	case RemovedForGood:
		return d.in.Chmod(filepath.Dir(d.name), 0o500)
	case FileInPlace:
		return d.in.WriteFile(d.name, nil, 0o600)
	}
	return nil
}

// Mend ends the fault. What Break took away is there again, unless the server has
// made the directory again.
func (d *Directory) Mend() error {
	switch d.fault {
	case Mode:
		return d.in.Chmod(d.name, 0o700)
	case ReadOnly:
		return d.setReadOnly(false)
	case Full, NoFiles:
		return d.disk.Limit(-1, -1)
	case RemovedForGood:
		if err := d.in.Chmod(filepath.Dir(d.name), 0o700); err != nil {
			return err
		}
	case FileInPlace:
		info, err := d.in.Lstat(d.name)
		if err == nil && info.Mode().IsRegular() {
			err = d.in.Remove(d.name)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	err := d.in.Mkdir(d.name, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return d.held.write(d.in, d.name)
}

// Close ends the fault where it would keep the directory from being removed, and
// unmounts what Prepare mounted.
func (d *Directory) Close() error {
	switch {
	case d.remove != nil:
		return d.remove()
	case d.fault == RemovedForGood:
		return d.in.Chmod(filepath.Dir(d.name), 0o700)
	case d.fault == Mode:
		if err := d.in.Chmod(d.name, 0o700); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
