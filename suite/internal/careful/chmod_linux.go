package careful

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// chmodAt changes the mode of an entry of a directory, unless it is a link.
func chmodAt(dir int, name string, mode uint32) error {
	err := unix.Fchmodat(dir, name, mode, unix.AT_SYMLINK_NOFOLLOW)
	if !errors.Is(err, unix.EOPNOTSUPP) && !errors.Is(err, unix.ENOSYS) {
		return err
	}
	// The kernel is older than 6.6. A descriptor of the entry itself has a path by
	// which its mode can be changed.
	entry, err := unix.Openat(dir, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(entry)
	var st unix.Stat_t
	if err := unix.Fstat(entry, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT == unix.S_IFLNK {
		return unix.ELOOP
	}
	return unix.Chmod(fmt.Sprintf("/proc/self/fd/%d", entry), mode)
}
