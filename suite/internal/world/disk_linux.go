package world

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// SmallDisk mounts a file system of so many bytes over a directory of the
// run's, which must exist, and returns what takes it away again. A page is the
// least that a file takes. Only a run in namespaces of its own has a mount tree
// to do that in; in every other world it is ErrUnsupported.
func SmallDisk(w World, dir string, size int) (remove func() error, err error) {
	if w.Kind() != Namespace {
		return nil, fmt.Errorf("world: a small disk: %w", ErrUnsupported)
	}
	options := fmt.Sprintf("mode=0700,size=%d", size)
	if err := unix.Mount("assay-small", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		return nil, failed("mount a small disk", err)
	}
	// Lazily: a target that is being killed may still have a file open.
	return func() error { return failed("unmount the small disk", unix.Unmount(dir, unix.MNT_DETACH)) }, nil
}
