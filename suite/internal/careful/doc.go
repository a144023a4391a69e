// Package careful works on files that a hostile program may have made or changed:
// a server under test owns its directory, and may put a pipe, a link to a secret
// of the machine, or an endless file in the place of anything there.
//
// Reads take regular files alone, never wait for the other end of a pipe, and end
// at a limit. A [Dir] never leaves its directory, whatever links lie in it. Walks
// and removals are bounded.
package careful

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"
)

// Refused says that there is something else at a path than a regular file or a
// directory that may be used.
type Refused struct {
	Path     string
	Found    string // "a named pipe"
	Expected string // "a regular file"
}

// Error names the path, what was found there, and what was expected.
func (r *Refused) Error() string {
	return fmt.Sprintf("%s: found %s, expected %s", r.Path, r.Found, r.Expected)
}

// Is reports whether an error says that something else was found than a file or
// directory that may be used.
func Is(err error) bool {
	var refused *Refused
	return errors.As(err, &refused)
}

const regularFile = "a regular file"

// refuseKind returns the error for what is no regular file.
func refuseKind(path string, mode fs.FileMode) error {
	return &Refused{Path: path, Found: kind(mode), Expected: regularFile}
}

// kind names a kind of file in words.
func kind(mode fs.FileMode) string {
	switch {
	case mode.IsRegular():
		return regularFile
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}

// HoldsNothing reports whether something of this kind can be replaced without a loss:
// a pipe, a socket or a device.
func HoldsNothing(mode fs.FileMode) bool {
	return mode&(fs.ModeNamedPipe|fs.ModeSocket|fs.ModeDevice) != 0
}

// tooLarge returns the error for a file with more bytes than a limit.
func tooLarge(path string, limit int64) error {
	return &Refused{
		Path:     path,
		Found:    "a file of more than " + Size(limit),
		Expected: "at most that",
	}
}

// Size returns a number of bytes in words, such as "64 KiB".
func Size(n int64) string {
	for i, unit := range []string{"GiB", "MiB", "KiB"} {
		if one := int64(1) << (30 - 10*i); n >= one && n%one == 0 {
			return fmt.Sprintf("%d %s", n/one, unit)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}

// ProgramsDoing reports whether an error about a file can be the doing of a program
// that changed the files, unlike an error of the machine, and returns the file.
func ProgramsDoing(err error) (path string, ok bool) {
	var (
		refused *Refused
		excess  *Excess
		file    *fs.PathError
		link    *os.LinkError
	)
	switch {
	case errors.As(err, &refused):
		return refused.Path, true
	case errors.As(err, &excess):
		return excess.Dir, true
	case errors.As(err, &file):
		path = file.Path
	case errors.As(err, &link):
		path = link.New
	default:
		return "", false
	}
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return path, true // a path that leads out of the directory
	}
	return path, slices.Contains([]syscall.Errno{
		syscall.ENOENT, syscall.EEXIST, syscall.EISDIR, syscall.ENOTDIR, syscall.ELOOP, syscall.ENXIO,
		syscall.EACCES, syscall.EPERM, syscall.ENAMETOOLONG, syscall.ENOSPC, syscall.ENOTEMPTY,
		syscall.EMLINK, syscall.ETXTBSY, syscall.EBUSY,
	}, errno)
}
