//go:build unix

package suite

import (
	"context"
	"os"
	"syscall"
)

// lockFile waits until no other process, nor another part of this one, has the
// file locked, and locks it. The kernel unlocks what a process leaves locked.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	locked := background(func() error { return flock(file) })
	select {
	case err = <-locked:
	case <-ctx.Done():
		go func() { <-locked; file.Close() }() // it cannot be called off
		return nil, context.Cause(ctx)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return func() { file.Close() }, nil
}

func flock(file *os.File) error {
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
		if err != syscall.EINTR {
			return err
		}
	}
}
