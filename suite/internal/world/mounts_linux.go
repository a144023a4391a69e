package world

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"assay/suite/internal/confine"
	"assay/suite/internal/limits"
)

// resolverFiles replace the machine's files, so that the system's resolver asks
// the spec's name server and nothing else.
var resolverFiles = map[string]string{
	"/etc/resolv.conf": "nameserver 127.0.0.53\noptions timeout:5 attempts:3\n",
	"/etc/hosts":       "127.0.0.1 localhost\n::1 localhost\n",
	"/etc/nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\n" +
		"hosts: files dns\nservices: files\nprotocols: files\n",
}

// setUpNamespaces sets up the namespaces into which this process was cloned. It
// changes nothing outside of them. It sets p.Scratch and p.Left.
func setUpNamespaces(p *plan) error {
	dir, err := os.Getwd()
	if err != nil {
		return stepError("find the working directory", err)
	}
	if err := setUpMounts(p); err != nil {
		return err
	}
	p.Scratch = filepath.Join(p.Tmpfs, "assay")
	if err := os.Mkdir(p.Scratch, 0o700); err != nil {
		return stepError("make the run's directory", err)
	}
	// The working directory may lie below one of the new mounts.
	if err := os.Chdir(dir); err != nil {
		return stepError("enter the working directory again", err)
	}
	return setUpHomeNetwork()
}

func setUpMounts(p *plan) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return stepError("make mounts private", err)
	}
	resolver, err := findResolverFiles()
	if err != nil {
		return err
	}
	writable := []string{p.Tmpfs, ownSysctls}
	for _, dir := range p.Writable {
		real, err := filepath.EvalSymlinks(dir)
		if err != nil {
			return stepError("find writable directory", err)
		}
		if err := unix.Mount(real, real, "", unix.MS_BIND, ""); err != nil {
			return stepError("keep "+dir+" writable", err)
		}
		writable = append(writable, real)
	}
	left, err := confine.Hide(p.OwnID, neededPaths(*p), p.Writable)
	if err != nil {
		return stepError("hide the machine", err)
	}
	for _, l := range left {
		if !slices.Contains(p.Left, l) { // it may be known from the trial
			p.Left = append(p.Left, l)
		}
	}
	const tmpfsFlags = unix.MS_NOSUID | unix.MS_NODEV
	size := fmt.Sprintf("mode=0700,size=%d,nr_inodes=%d", limits.Scratch, limits.ScratchFiles)
	if err := unix.Mount("assay", p.Tmpfs, "tmpfs", tmpfsFlags, size); err != nil {
		return stepError("mount a tmpfs", err)
	}
	if p.PIDs {
		const flags = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
		if err := unix.Mount("proc", "/proc", "proc", flags, ""); err != nil {
			return stepError(stepProc, err)
		}
	}
	// Of /proc, only the settings of the network namespace are writable.
	if err := unix.Mount(ownSysctls, ownSysctls, "", unix.MS_BIND, ""); err != nil {
		return stepError("keep "+ownSysctls+" writable", err)
	}
	if err := replaceResolverFiles(p.Tmpfs, resolver); err != nil {
		return err
	}
	readOnly := &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
	if err := unix.MountSetattr(unix.AT_FDCWD, "/", unix.AT_RECURSIVE, readOnly); err != nil {
		return stepError("make the file tree read-only", err)
	}
	for _, dir := range writable {
		notReadOnly := &unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY}
		err := unix.MountSetattr(unix.AT_FDCWD, dir, 0, notReadOnly)
		if dir == ownSysctls && errors.Is(err, unix.EPERM) {
			continue // read-only outside too: the first setting that is written says so
		}
		if err != nil {
			return stepError("make "+dir+" writable", err)
		}
	}
	return nil
}

// ownSysctls is the directory of the settings of a network namespace (sysctl(8)).
const ownSysctls = "/proc/sys/net"

// findResolverFiles returns where the machine has the files that resolverFiles
// replace, by their usual paths. Files that the machine does not have are left
// out, because there is nothing to mount over.
func findResolverFiles() (map[string]string, error) {
	found := map[string]string{}
	for path := range resolverFiles {
		real, err := filepath.EvalSymlinks(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, stepError("find "+path, err)
		}
		found[path] = real
	}
	return found, nil
}

// replaceResolverFiles mounts resolverFiles over the files of the machine. A file in
// a directory that is hidden is made again.
func replaceResolverFiles(tmpfs string, found map[string]string) error {
	dir := filepath.Join(tmpfs, "etc")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return stepError("make a directory for resolver files", err)
	}
	for path, real := range found {
		ours := filepath.Join(dir, filepath.Base(path))
		if err := os.WriteFile(ours, []byte(resolverFiles[path]), 0o644); err != nil {
			return stepError("write "+path, err)
		}
		if _, err := os.Lstat(real); errors.Is(err, os.ErrNotExist) {
			if err := os.MkdirAll(filepath.Dir(real), 0o755); err != nil {
				return stepError("make the directory of "+path, err)
			}
			if err := os.WriteFile(real, nil, 0o644); err != nil {
				return stepError("make "+path, err)
			}
		}
		if err := unix.Mount(ours, real, "", unix.MS_BIND, ""); err != nil {
			return stepError("mount over "+path, err)
		}
	}
	return nil
}

// findTmpfsDir returns a directory over which the run can mount its private tmpfs
// without hiding any of the needed paths.
func findTmpfsDir(needs []string) (string, error) {
	executable, err := ownExecutable()
	if err != nil {
		return "", err
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	var needed []string
	for _, need := range append([]string{executable, dir}, needs...) {
		full, err := filepath.Abs(need)
		if err != nil {
			return "", err
		}
		needed = append(needed, full)
		if real, err := filepath.EvalSymlinks(full); err == nil {
			needed = append(needed, real)
		}
	}
	candidates := []string{"/tmp", "/dev/shm", "/var/tmp", "/mnt"}
	for _, candidate := range candidates {
		real, err := filepath.EvalSymlinks(candidate)
		if err != nil {
			continue
		}
		if info, err := os.Stat(real); err != nil || !info.IsDir() {
			continue
		}
		if !confine.Within(real, needed) && !confine.Within(candidate, needed) {
			return real, nil
		}
	}
	return "", fmt.Errorf("each of %v is missing or contains one of the paths that the run needs: %v",
		candidates, needed)
}

// A Disk is a file system of its own, mounted over a directory of the run. It holds
// [limits.Disk] bytes, unless it is limited further. Every file on it takes at least a
// page of bytes.
type Disk struct{ dir string }

// NewDisk mounts a disk over an existing directory, whose files it hides. Outside of
// the namespace world the error is ErrUnsupported, because there the run has no mount
// tree of its own.
func NewDisk(w World, dir string) (*Disk, error) {
	if w.Kind() != Namespace {
		return nil, fmt.Errorf("world: a disk: %w", ErrUnsupported)
	}
	options := fmt.Sprintf("mode=0700,size=%d,nr_inodes=%d", limits.Disk, limits.DiskFiles)
	const flags = unix.MS_NOSUID | unix.MS_NODEV
	if err := unix.Mount("assay-disk", dir, "tmpfs", flags, options); err != nil {
		return nil, stepError("mount a disk", err)
	}
	return &Disk{dir}, nil
}

// Limit leaves room for this many further bytes and files, whatever the disk holds.
// A negative number sets no limit. Bytes count in whole pages.
func (d *Disk) Limit(bytes, files int64) error {
	// What a server writes at this moment can make the new limit too low.
	for deadline := time.Now().Add(killTimeout); ; time.Sleep(busyPause) {
		var now unix.Statfs_t
		if err := unix.Statfs(d.dir, &now); err != nil {
			return stepError("measure a disk", err)
		}
		size, inodes := int64(limits.Disk), int64(limits.DiskFiles)
		if bytes >= 0 {
			size = int64(now.Blocks-now.Bfree)*int64(now.Bsize) + bytes
		}
		if files >= 0 {
			inodes = int64(now.Files-now.Ffree) + files
		}
		options := fmt.Sprintf("size=%d,nr_inodes=%d", size, inodes)
		const flags = unix.MS_REMOUNT | unix.MS_NOSUID | unix.MS_NODEV
		err := unix.Mount("", d.dir, "", flags, options)
		if !errors.Is(err, unix.EINVAL) || time.Now().After(deadline) {
			return stepError("limit a disk", err)
		}
	}
}

// Remove unmounts the disk. Its files are lost.
func (d *Disk) Remove() error { return unmount(d.dir)() }

// SwitchableMount mounts an existing directory of the run over itself. It returns
// a function that makes the mount read-only or writable again, and one that
// unmounts it. Outside of the namespace world the error is ErrUnsupported.
func SwitchableMount(w World, dir string) (
	setReadOnly func(readOnly bool) error, remove func() error, err error,
) {
	if w.Kind() != Namespace {
		return nil, nil, fmt.Errorf("world: a read-only mount: %w", ErrUnsupported)
	}
	if err := unix.Mount(dir, dir, "", unix.MS_BIND, ""); err != nil {
		return nil, nil, stepError("mount a directory over itself", err)
	}
	setReadOnly = func(readOnly bool) error {
		attr := &unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY}
		if readOnly {
			attr = &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
		}
		// A file that is open for writing at this moment makes the mount busy.
		for deadline := time.Now().Add(killTimeout); ; time.Sleep(busyPause) {
			err := unix.MountSetattr(unix.AT_FDCWD, dir, 0, attr)
			if !errors.Is(err, unix.EBUSY) || time.Now().After(deadline) {
				return stepError("change whether a mount is read-only", err)
			}
		}
	}
	return setReadOnly, unmount(dir), nil
}

// busyPause is the time between two attempts to change a mount that is busy.
const busyPause = 5 * time.Millisecond

// unmount returns a function that unmounts what was mounted over a directory.
func unmount(dir string) func() error {
	return func() error {
		// MNT_DETACH, because a target that is being killed may have files open.
		return stepError("unmount "+dir, unix.Unmount(dir, unix.MNT_DETACH))
	}
}
