package confine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// devices are the device files that programs need.
var devices = []string{"null", "zero", "full", "random", "urandom", "tty"}

// deviceLinks are the links of /dev that programs need, by their names.
var deviceLinks = map[string]string{
	"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0",
	"stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2",
}

// secretFiles hold secrets of the machine that its administrator may read.
var secretFiles = []string{
	"/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/sudoers",
}

// secretDirs hold sockets, keys and files of the machine's that no target needs.
var secretDirs = []string{
	"/run", "/root", "/etc/ssh", "/etc/ssl/private", "/etc/sudoers.d", "/var/spool/cron",
}

// Hide takes devices, sockets and secrets of the machine out of the file tree of this
// process's mount namespace. needed are the paths that the run needs: what holds one of
// them keeps that one alone. If the run has an ID of its own, ownID, Hide also opens the way
// to them: it covers directories that others may not enter, so that they hold what is
// needed and nothing else. closed are paths to which no way is opened.
//
// A run in a container may have few rights. Hide hides what it can, and returns in
// words what this kernel or container did not allow.
func Hide(ownID bool, needed, closed []string) (left []string, err error) {
	h := hider{needed: withReal(needed), closed: withReal(closed)}
	if err := h.hideDevices(); err != nil {
		return nil, err
	}
	for _, dir := range secretDirs {
		real, err := filepath.EvalSymlinks(dir)
		if err != nil {
			continue // there is nothing to hide
		}
		if err := h.cover(real); err != nil {
			return nil, err
		}
	}
	for _, path := range secretFiles {
		err := unix.Mount("/dev/null", path, "", unix.MS_BIND, "")
		if err := h.note("hide "+path, err); err != nil {
			return nil, err
		}
	}
	if ownID {
		if err := h.openWays(); err != nil {
			return nil, err
		}
	}
	return h.left, nil
}

// hider hides parts of the machine.
type hider struct {
	needed, closed []string
	left           []string // what could not be hidden, and why
}

// note returns the error of a step, unless it says that there is nothing to hide, or
// that this kernel or container does not allow it, which the hider notes.
func (h *hider) note(step string, err error) error {
	switch {
	case err == nil, errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR):
		return nil
	}
	for _, impossible := range []error{
		unix.ENOSYS, unix.EPERM, unix.EACCES, unix.EINVAL, unix.EOPNOTSUPP,
	} {
		if errors.Is(err, impossible) {
			h.left = append(h.left, fmt.Sprintf("cannot %s: %v", step, err))
			return nil
		}
	}
	return fmt.Errorf("%s: %w", step, err)
}

// hideDevices mounts a /dev over the machine's that holds what programs need.
func (h *hider) hideDevices() error {
	if Within("/dev", h.needed) {
		h.left = append(h.left, "cannot hide the machine's devices: the run needs one of them")
		return nil
	}
	// A mount that is not in the tree yet survives that /dev is hidden.
	var mounts []detached
	defer func() { closeAll(mounts) }()
	for _, name := range devices {
		m, err := detach("/dev/" + name)
		if errors.Is(err, unix.ENOENT) {
			continue
		}
		if err != nil {
			return h.note("copy the mount of /dev/"+name, err)
		}
		mounts = append(mounts, m)
	}
	const flags = unix.MS_NOSUID | unix.MS_NOEXEC
	if err := unix.Mount("assay-dev", "/dev", "tmpfs", flags, "mode=0755,size=64k"); err != nil {
		return h.note("mount a tmpfs over /dev", err)
	}
	for _, m := range mounts {
		if err := m.attach(); err != nil {
			return err
		}
	}
	for name, to := range deviceLinks {
		if err := os.Symlink(to, "/dev/"+name); err != nil {
			return fmt.Errorf("make a link in /dev: %w", err)
		}
	}
	for _, name := range []string{"shm", "pts"} {
		if err := os.Mkdir("/dev/"+name, 0o755); err != nil {
			return fmt.Errorf("make /dev/%s: %w", name, err)
		}
	}
	return nil
}

// openWays covers the directories on the way to what is needed that others may not
// enter.
func (h *hider) openWays() error {
	for _, path := range h.needed {
		if Within(path, h.closed) || slices.ContainsFunc(h.closed, func(dir string) bool {
			return Within(dir, []string{path})
		}) {
			continue
		}
		for dir := "/"; ; {
			info, err := os.Lstat(dir)
			if err != nil || !info.IsDir() { // where a link leads is needed too
				break
			}
			if info.Mode()&0o001 == 0 {
				if err := h.cover(dir); err != nil {
					return err
				}
			}
			if dir == path {
				break
			}
			dir = nextOnWay(dir, path)
		}
	}
	return nil
}

// mostKept bounds the number of entries of a covered directory that are needed, each
// of which is a mount.
const mostKept = 256

// cover mounts over a directory another one, which holds of it what is needed and
// nothing else. If the directory itself is needed, that is every entry.
func (h *hider) cover(dir string) error {
	keep := h.below(dir)
	if slices.Contains(keep, dir) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return h.note("read "+dir, err)
		}
		if len(entries) > mostKept {
			h.left = append(h.left, fmt.Sprintf("cannot open a way into %s, which others may "+
				"not enter: it has %d entries, expected at most %d", dir, len(entries), mostKept))
			return nil
		}
		keep = nil
		for _, e := range entries {
			keep = append(keep, filepath.Join(dir, e.Name()))
		}
	}
	var mounts []detached
	defer func() { closeAll(mounts) }()
	links := map[string]string{}
	for _, path := range keep {
		// A link on the way leads to a path that is needed too.
		if link, to := firstLink(dir, path); link != "" {
			links[link] = to
			continue
		}
		m, err := detach(path)
		if errors.Is(err, unix.ENOENT) {
			continue
		}
		if err != nil {
			return h.note("keep "+path, err)
		}
		mounts = append(mounts, m)
	}
	flags := uintptr(unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC)
	err := unix.Mount("assay-cover", dir, "tmpfs", flags, "mode=0755,size=64k")
	if err != nil {
		return h.note("cover "+dir, err)
	}
	for _, m := range mounts {
		if err := m.attach(); err != nil {
			return err
		}
	}
	for link, to := range links {
		if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
			return fmt.Errorf("make the directory of %s: %w", link, err)
		}
		if err := os.Symlink(to, link); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("make the link %s: %w", link, err)
		}
	}
	return nil
}

// below returns the needed paths that are dir or below it, without those that are
// below another one.
func (h *hider) below(dir string) (kept []string) {
	inside := slices.DeleteFunc(slices.Clone(h.needed), func(path string) bool {
		return !Within(dir, []string{path})
	})
	slices.Sort(inside)
	for _, path := range slices.Compact(inside) {
		if !slices.ContainsFunc(kept, func(k string) bool { return Within(k, []string{path}) }) {
			kept = append(kept, path)
		}
	}
	return kept
}

// A detached mount is a copy of a part of the file tree that is in no tree.
type detached struct {
	path string
	fd   int
	dir  bool
}

// detach copies what is at a path, with all mounts below it.
func detach(path string) (detached, error) {
	const flags = unix.OPEN_TREE_CLONE | unix.OPEN_TREE_CLOEXEC | unix.AT_RECURSIVE |
		unix.AT_SYMLINK_NOFOLLOW
	fd, err := unix.OpenTree(unix.AT_FDCWD, path, flags)
	if err != nil {
		return detached{}, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		unix.Close(fd)
		return detached{}, err
	}
	return detached{path, fd, st.Mode&unix.S_IFMT == unix.S_IFDIR}, nil
}

// attach mounts the copy at its path, which it makes.
func (m detached) attach() error {
	dir := m.path
	if !m.dir {
		dir = filepath.Dir(m.path)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make %s: %w", dir, err)
	}
	if !m.dir {
		if err := os.WriteFile(m.path, nil, 0o644); err != nil {
			return fmt.Errorf("make %s: %w", m.path, err)
		}
	}
	err := unix.MoveMount(m.fd, "", unix.AT_FDCWD, m.path, unix.MOVE_MOUNT_F_EMPTY_PATH)
	if err != nil {
		return fmt.Errorf("mount %s: %w", m.path, err)
	}
	return nil
}

func closeAll(mounts []detached) {
	for _, m := range mounts {
		unix.Close(m.fd)
	}
}
