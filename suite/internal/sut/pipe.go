package sut

import (
	"context"
	"io"
	"os"
	"sync"
	"syscall"

	"assay/suite/internal/limits"

	"golang.org/x/sys/unix"
)

// logPipe reads the output of a process. It knows whether everything that the
// process wrote is in the log.
type logPipe struct {
	pipe *os.File
	mu   sync.Mutex
	busy bool // what was read last is not in the log yet
}

// Read reads what is available. Calling it means that everything read before is
// in the log, except for a line that has no end yet.
func (s *logPipe) Read(p []byte) (n int, err error) {
	s.mu.Lock()
	s.busy = false
	s.mu.Unlock()
	conn, err := s.pipe.SyscallConn()
	if err != nil {
		return 0, err
	}
	var failed error
	err = conn.Read(func(fd uintptr) (done bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		n, failed = syscall.Read(int(fd), p)
		s.busy = n > 0
		return failed != syscall.EAGAIN && failed != syscall.EINTR
	})
	switch {
	case err != nil:
		return 0, err
	case failed != nil:
		return 0, failed
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// drained reports whether the log holds everything that was written.
func (s *logPipe) drained() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy {
		return false
	}
	conn, err := s.pipe.SyscallConn()
	if err != nil {
		return true // closed: all was read
	}
	waiting := false
	_ = conn.Control(func(fd uintptr) {
		look := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		_, err := unix.Poll(look, 0)
		waiting = err == nil && look[0].Revents&unix.POLLIN != 0
	})
	return !waiting
}

// waitForLog waits until the log holds what the server has written so far. It
// gives up on a server that never pauses.
func (p *Process) waitForLog(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, limits.Drain)
	defer cancel()
	_ = p.poll(ctx, func() (bool, error) {
		return p.drained(), nil
	})
}
