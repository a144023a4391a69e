//go:build !linux

package careful

import "golang.org/x/sys/unix"

// chmodAt changes the mode of an entry of a directory, unless it is a link.
func chmodAt(dir int, name string, mode uint32) error {
	return unix.Fchmodat(dir, name, mode, unix.AT_SYMLINK_NOFOLLOW)
}
