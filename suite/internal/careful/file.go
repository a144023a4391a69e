package careful

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// openFlags keep an open call from waiting for the other end of a pipe and from
// making a terminal the process's own.
const openFlags = syscall.O_NONBLOCK | syscall.O_NOCTTY

// Open opens the regular file at path for reading. It refuses everything else,
// also a symbolic link at the end of the path.
func Open(path string) (*os.File, error) {
	return regular(path, func() (*os.File, error) {
		return os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|openFlags, 0)
	})
}

// ReadFile returns what the regular file at path holds, like [Open], and refuses
// a file with more bytes than limit without reading it.
func ReadFile(path string, limit int64) ([]byte, error) {
	file, err := Open(path)
	if err != nil {
		return nil, err
	}
	return readAll(path, file, limit)
}

// ReadFollowing returns what [ReadFile] does, for a path of the operator's own, which
// may be a link to the file.
func ReadFollowing(path string, limit int64) ([]byte, error) {
	file, err := regular(path, func() (*os.File, error) {
		return os.OpenFile(path, os.O_RDONLY|openFlags, 0)
	})
	if err != nil {
		return nil, err
	}
	return readAll(path, file, limit)
}

// WriteFile writes a file, like [os.WriteFile], but neither through a symbolic
// link at the end of the path nor into a pipe.
func WriteFile(path string, data []byte, mode fs.FileMode) error {
	file, err := Create(path, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Close())
}

// Create opens a regular file for writing and empties it. It makes the file if
// there is none.
func Create(path string, mode fs.FileMode) (*os.File, error) {
	return emptied(regular(path, func() (*os.File, error) {
		return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|syscall.O_NOFOLLOW|openFlags, mode)
	}))
}

// Append opens a regular file for writing at its end. It makes the file if there is
// none.
func Append(path string, mode fs.FileMode) (*os.File, error) {
	return regular(path, func() (*os.File, error) {
		const flags = os.O_WRONLY | os.O_APPEND | os.O_CREATE | syscall.O_NOFOLLOW | openFlags
		return os.OpenFile(path, flags, mode)
	})
}

// regular opens a file and refuses what is not regular.
func regular(path string, open func() (*os.File, error)) (*os.File, error) {
	file, err := open()
	switch {
	case errors.Is(err, syscall.ELOOP):
		if info, no := os.Lstat(path); no == nil && info.Mode()&fs.ModeSymlink != 0 {
			return nil, refuseKind(path, info.Mode())
		}
		return nil, err
	case errors.Is(err, syscall.ENXIO): // a socket, or a pipe that nobody reads
		info, no := os.Lstat(path)
		if no != nil {
			return nil, err
		}
		return nil, refuseKind(path, info.Mode())
	case err != nil:
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = refuseKind(path, info.Mode())
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// emptied truncates a file that was opened for writing.
func emptied(file *os.File, err error) (*os.File, error) {
	if err != nil {
		return nil, err
	}
	if err := file.Truncate(0); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// readAll reads a file to its end and closes it.
func readAll(path string, file *os.File, limit int64) ([]byte, error) {
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.Size() > limit {
		return nil, tooLarge(path, limit)
	}
	text, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = tooLarge(path, limit)
	}
	if err != nil {
		return nil, err
	}
	return text, nil
}
