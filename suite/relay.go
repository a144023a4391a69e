package suite

import (
	"io"
	"net"
	"sync"

	"github.com/onsi/ginkgo/v2"
)

// Relay makes a port of the target's host lead to another by a program that
// accepts connections and opens new ones, as a TCP proxy does; see [Forward]
// for a firewall's way. Both are documented ports.
func (s *Scenario) Relay(from, to int) {
	ginkgo.GinkgoHelper()
	listener, err := s.World.Listen("tcp", s.Addr(from))
	s.must(err)
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // closed
			}
			open.Go(func() { s.relay(conn, s.Addr(to)) })
		}
	})
	s.closers = append(s.closers, func() error {
		err := listener.Close()
		open.Wait()
		return err
	})
}

// relay carries bytes both ways until both sides have said all, or the
// target, which is gone when this is waited for, has hung up.
func (s *Scenario) relay(client net.Conn, to string) {
	defer client.Close()
	server, err := s.World.Dial(s.ctx, "tcp", to)
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
