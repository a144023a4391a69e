package world

import (
	"io"
	"net"
	"sync"
)

// forwarder passes TCP connections on, byte by byte.
type forwarder struct {
	listener net.Listener
	dial     func() (net.Conn, error)

	mu    sync.Mutex
	conns map[net.Conn]struct{} // nil once closed
	done  sync.WaitGroup
}

// forward passes every connection to the listener on to one made by dial.
func forward(listener net.Listener, dial func() (net.Conn, error)) *forwarder {
	f := &forwarder{listener: listener, dial: dial, conns: map[net.Conn]struct{}{}}
	f.done.Go(f.accept)
	return f
}

// Stop ends accepting; connections live on.
func (f *forwarder) Stop() { f.listener.Close() }

// Close ends the connections too, and returns when all is ended.
func (f *forwarder) Close() {
	f.listener.Close()
	f.mu.Lock()
	for conn := range f.conns {
		conn.Close()
	}
	f.conns = nil
	f.mu.Unlock()
	f.done.Wait()
}

func (f *forwarder) accept() {
	for {
		near, err := f.listener.Accept()
		if err != nil {
			return // closed
		}
		f.done.Go(func() { f.pass(near) })
	}
}

func (f *forwarder) pass(near net.Conn) {
	defer near.Close()
	if !f.keep(near) {
		return
	}
	defer f.drop(near)
	far, err := f.dial()
	if err != nil {
		return // the client sees its connection closed
	}
	defer far.Close()
	if !f.keep(far) {
		return
	}
	defer f.drop(far)

	var both sync.WaitGroup
	both.Go(func() { copyHalf(far, near) })
	both.Go(func() { copyHalf(near, far) })
	both.Wait()
}

// copyHalf carries one direction, and its end.
func copyHalf(to, from net.Conn) {
	_, err := io.Copy(to, from)
	if half, ok := to.(interface{ CloseWrite() error }); ok && err == nil {
		half.CloseWrite()
		return
	}
	to.Close()
	from.Close()
}

func (f *forwarder) keep(conn net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.conns == nil {
		return false
	}
	f.conns[conn] = struct{}{}
	return true
}

func (f *forwarder) drop(conn net.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.conns, conn)
}
