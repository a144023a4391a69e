//go:build unix

// Package once lets the processes of a run share the result of something that
// takes long: the first one does it, and the others wait.
package once

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"assay/suite/internal/careful"
	"assay/suite/internal/limits"
)

// Do returns what the first call for this path returned, in whichever process.
// The result is kept in the file at path, as JSON. A call that returns an error
// leaves nothing: the next one tries again.
func Do[T any](ctx context.Context, path string, do func() (T, error)) (result T, err error) {
	unlock, err := lock(ctx, path+".lock")
	if err != nil {
		return result, fmt.Errorf("waiting for another process that does the same: %w", err)
	}
	defer unlock()
	text, err := careful.ReadFile(path, 2*limits.Schedule)
	switch {
	case err == nil:
		return result, json.Unmarshal(text, &result)
	case !errors.Is(err, fs.ErrNotExist):
		return result, err
	}
	if result, err = do(); err != nil {
		return result, err
	}
	if text, err = json.Marshal(result); err != nil {
		return result, err
	}
	return result, careful.WriteFile(path, text, 0o600)
}

// lock waits until no other process, nor another part of this one, has the
// file locked, and locks it. The kernel unlocks what a process leaves locked.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, err
	}
	locked := make(chan error, 1)
	go func() { locked <- flock(file) }()
	select {
	case err = <-locked:
	case <-ctx.Done():
		go func() { <-locked; file.Close() }() // the call cannot be cancelled
		return nil, context.Cause(ctx)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return func() { file.Close() }, nil
}

// flock locks a file, and waits for that as long as it takes.
func flock(file *os.File) error {
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
