package harness

import (
	"crypto/tls"
	"io"
	"net"
	"sync"
	"time"

	"github.com/onsi/ginkgo/v2"
)

// Connect opens a connection to an address of the target's host, says this
// much, and leaves it open until the spec ends.
func (e *Env) Connect(address string, say []byte) net.Conn {
	ginkgo.GinkgoHelper()
	ctx, cancel := e.within(Patience)
	defer cancel()
	conn, err := e.World.Dial(ctx, "tcp", address)
	if err == nil {
		_, err = conn.Write(say)
	}
	if err != nil {
		e.Fail("expected  a connection to " + address + "\nseen      " + err.Error())
	}
	e.Closers = append(e.Closers, func() error {
		conn.Close() // the server may have done so
		return nil
	})
	return conn
}

// Send connects to the server, says this and no more, and returns all that the
// server answers. One that neither answers nor closes has a second to do so.
func (e *Env) Send(server *Server, say []byte) []byte {
	ginkgo.GinkgoHelper()
	conn := e.Connect(server.Address(), nil)
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Second))
	conn.Write(say) // the server may have heard enough
	if c, ok := conn.(*net.TCPConn); ok {
		c.CloseWrite()
	}
	answer, _ := io.ReadAll(io.LimitReader(conn, 1<<20)) // however it ends
	return answer
}

// Resumes shakes hands with the server once more, and reports whether the server
// resumed a session of the configuration's cache (RFC 8446 §2.2).
func (e *Env) Resumes(server *Server, config *tls.Config) bool {
	ginkgo.GinkgoHelper()
	ctx, cancel := e.within(Patience)
	defer cancel()
	conn, err := e.World.Dial(ctx, "tcp", server.Address())
	e.Must(err)
	defer conn.Close()
	client := tls.Client(conn, config)
	if err := client.HandshakeContext(ctx); err != nil {
		e.Fail("expected  a TLS handshake that completes\nseen      " + err.Error())
	}
	return client.ConnectionState().DidResume
}

// Hello is what a client of the server would say first.
func (e *Env) Hello(server *Server) []byte {
	ginkgo.GinkgoHelper()
	hello, err := e.Client(server).ClientHello()
	e.Must(err)
	return hello
}

// Relay makes a port of the target's host lead to another by a program that
// accepts connections and opens new ones, as a TCP proxy does; see [Forward]
// for a firewall's way. Both are documented ports.
func (e *Env) Relay(from, to int) {
	ginkgo.GinkgoHelper()
	listener, err := e.World.Listen("tcp", e.Addr(from))
	e.Must(err)
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // closed
			}
			open.Go(func() { e.relay(conn, e.Addr(to)) })
		}
	})
	e.Closers = append(e.Closers, func() error {
		err := listener.Close()
		open.Wait()
		return err
	})
}

// relay carries bytes both ways until both sides have said all, or the
// target, which is gone when this is waited for, has hung up.
func (e *Env) relay(client net.Conn, to string) {
	defer client.Close()
	server, err := e.World.Dial(e.ctx, "tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		io.Copy(server, client)
		if c, ok := server.(*net.TCPConn); ok {
			c.CloseWrite()
		}
	}()
	io.Copy(client, server)
}
