package world

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// resolverFiles make the system's own resolvers ask the spec's name server,
// and nothing else.
var resolverFiles = map[string]string{
	"/etc/resolv.conf":   "nameserver 127.0.0.53\noptions timeout:5 attempts:3\n",
	"/etc/hosts":         "127.0.0.1 localhost\n::1 localhost\n",
	"/etc/nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\nprotocols: files\n",
}

// settle sets up the namespaces into which this process was cloned: nothing
// outside is changed by it. It fills in p.Scratch.
func settle(p *plan) error {
	dir, err := os.Getwd()
	if err != nil {
		return failed("find the working directory", err)
	}
	if err := settleMounts(*p); err != nil {
		return err
	}
	p.Scratch = filepath.Join(p.Tmpfs, "assay")
	if err := os.Mkdir(p.Scratch, 0o700); err != nil {
		return failed("make the run's directory", err)
	}
	// The working directory may be below one of the new mounts.
	if err := os.Chdir(dir); err != nil {
		return failed("enter the working directory again", err)
	}
	return settleNetwork()
}

func settleMounts(p plan) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return failed("make mounts private", err)
	}
	writable := []string{p.Tmpfs, "/proc"}
	for _, dir := range p.Writable {
		real, err := filepath.EvalSymlinks(dir)
		if err != nil {
			return failed("find writable directory", err)
		}
		if err := unix.Mount(real, real, "", unix.MS_BIND, ""); err != nil {
			return failed("keep "+dir+" writable", err)
		}
		writable = append(writable, real)
	}
	if err := unix.Mount("assay", p.Tmpfs, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0700"); err != nil {
		return failed("mount a tmpfs", err)
	}
	if p.PIDs {
		if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
			return failed(stepProc, err)
		}
	}
	if err := coverResolver(p.Tmpfs); err != nil {
		return err
	}
	if err := unix.MountSetattr(unix.AT_FDCWD, "/", unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}); err != nil {
		return failed("make the file tree read-only", err)
	}
	for _, dir := range writable {
		if err := unix.MountSetattr(unix.AT_FDCWD, dir, 0, &unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY}); err != nil {
			return failed("make "+dir+" writable", err)
		}
	}
	return nil
}

// coverResolver binds files of ours over those of the machine. What the
// machine lacks it keeps lacking: there is no place to bind to.
func coverResolver(tmpfs string) error {
	dir := filepath.Join(tmpfs, "etc")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return failed("make room for resolver files", err)
	}
	for path, text := range resolverFiles {
		real, err := filepath.EvalSymlinks(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return failed("find "+path, err)
		}
		ours := filepath.Join(dir, filepath.Base(path))
		if err := os.WriteFile(ours, []byte(text), 0o644); err != nil {
			return failed("write "+path, err)
		}
		if err := unix.Mount(ours, real, "", unix.MS_BIND, ""); err != nil {
			return failed("cover "+path, err)
		}
	}
	return nil
}

// hidingPlace is a directory over which the run can mount its private tmpfs:
// one that hides nothing of what is needed.
func hidingPlace(needs []string) (string, error) {
	executable, err := os.Executable()
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
		if !hidesAny(real, needed) && !hidesAny(candidate, needed) {
			return real, nil
		}
	}
	return "", fmt.Errorf("each of %v is missing or holds something that the run needs: %v", candidates, needed)
}

// hidesAny says whether one of paths is dir or below it.
func hidesAny(dir string, paths []string) bool {
	for _, path := range paths {
		if rel, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(rel) {
			return true
		}
	}
	return false
}

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
