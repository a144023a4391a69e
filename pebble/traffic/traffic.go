// Package traffic knows what is under way at the sockets of a test's services, so that
// a test can tell whether anything will still happen by itself.
package traffic

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// A Meter keeps sockets and pieces of work that have begun. Its zero value is ready for
// use. Its methods may be called from any goroutine.
type Meter struct {
	begun atomic.Uint64

	mu      sync.Mutex
	work    map[uint64]string
	sockets map[any]socket
}

type socket struct {
	what string
	conn syscall.RawConn
}

// Begin notes that a piece of work has begun, and returns a function that notes its
// end.
func (m *Meter) Begin(what string) (end func()) {
	id := m.begun.Add(1)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.work == nil {
		m.work = map[uint64]string{}
	}
	m.work[id] = what
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.work, id)
	}
}

// Begun returns how many pieces of work have begun so far.
func (m *Meter) Begun() uint64 { return m.begun.Load() }

// Watch adds a socket: a connection, a listener or a [net.PacketConn]. What has arrived
// there and was not read yet is under way. A socket that has no descriptor is left out.
func (m *Meter) Watch(what string, s any) {
	c, ok := s.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return // closed
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sockets == nil {
		m.sockets = map[any]socket{}
	}
	m.sockets[s] = socket{what, raw}
}

// Forget removes a socket.
func (m *Meter) Forget(s any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.sockets, s)
}

// UnderWay describes the work that has begun and not ended, and what was not read yet.
func (m *Meter) UnderWay() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.Sorted(maps.Values(m.work))
	for _, s := range m.sockets {
		if readable(s.conn) {
			all = append(all, fmt.Sprintf("unread data at %s", s.what))
		}
	}
	return all
}

// readable reports whether there is something to read or to accept.
func readable(conn syscall.RawConn) (waiting bool) {
	_ = conn.Control(func(fd uintptr) { // fails if the socket is closed
		look := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		_, err := unix.Poll(look, 0)
		waiting = err == nil && look[0].Revents&unix.POLLIN != 0
	})
	return waiting
}
