package sut

import (
	"context"
	"io"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// source is a pipe into which a process writes. It knows whether all that was
// written has been taken up.
type source struct {
	pipe *os.File
	mu   sync.Mutex
	busy bool // what was read last is not in the log yet
}

// Read reads what is there. Whoever calls it has taken up all that it read
// before, but for a line that has no end yet.
func (s *source) Read(p []byte) (n int, err error) {
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

// takenUp says whether nothing is on its way.
func (s *source) takenUp() bool {
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

// settle waits until the log holds what the server has written so far. One that
// never pauses is not waited for.
func (p *Process) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	_ = p.poll(ctx, func() (bool, error) {
		return p.sources[0].takenUp() && p.sources[1].takenUp(), nil
	})
}
