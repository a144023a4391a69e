package limits

import (
	"net"
	"sync"
)

// Listener returns a listener that has no more than this many accepted connections
// open at a time. Further ones wait to be accepted.
func Listener(inner net.Listener, most int) net.Listener {
	return &listener{Listener: inner, free: make(chan struct{}, most), closed: make(chan struct{})}
}

type listener struct {
	net.Listener
	free   chan struct{} // has an element for each connection
	once   sync.Once
	closed chan struct{}
}

// Accept implements [net.Listener].
func (l *listener) Accept() (net.Conn, error) {
	select {
	case l.free <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	accepted, err := l.Listener.Accept()
	if err != nil {
		<-l.free
		return nil, err
	}
	return &conn{Conn: accepted, release: sync.OnceFunc(func() { <-l.free })}, nil
}

// Close implements [net.Listener].
func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// conn makes room for another connection when it is closed.
type conn struct {
	net.Conn
	release func()
}

// Close implements [net.Conn].
func (c *conn) Close() error {
	defer c.release()
	return c.Conn.Close()
}

// SetLinger does what that of [net.TCPConn] does, which resets a connection by it.
func (c *conn) SetLinger(seconds int) error { return setLinger(c.Conn, seconds) }

// CloseWrite does what that of [net.TCPConn] does.
func (c *conn) CloseWrite() error { return closeWrite(c.Conn) }

func setLinger(c net.Conn, seconds int) error {
	if tcp, ok := c.(interface{ SetLinger(int) error }); ok {
		return tcp.SetLinger(seconds)
	}
	return nil
}

func closeWrite(c net.Conn) error {
	if tcp, ok := c.(interface{ CloseWrite() error }); ok {
		return tcp.CloseWrite()
	}
	return c.Close()
}

// Reader returns a connection from which no more than this many bytes can be read. The
// connection ends after them.
func Reader(inner net.Conn, most int64) net.Conn { return &capped{Conn: inner, left: most} }

type capped struct {
	net.Conn
	left int64
}

// Read implements [net.Conn].
func (c *capped) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errTooMuch
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	return n, err
}

// SetLinger does what that of [net.TCPConn] does, which resets a connection by it.
func (c *capped) SetLinger(seconds int) error { return setLinger(c.Conn, seconds) }

// CloseWrite does what that of [net.TCPConn] does.
func (c *capped) CloseWrite() error { return closeWrite(c.Conn) }

var errTooMuch = &net.OpError{Op: "read", Err: tooMuch{}}

type tooMuch struct{}

// Error says what happened.
func (tooMuch) Error() string { return "the other side sent more than is read of it" }
