package suite

import (
	"crypto/x509"
	"io"
	"net"
	"time"

	"github.com/onsi/ginkgo/v2"

	"assay/fixtures/pki"
	"assay/suite/wire"
)

// StartSecure starts the target with a certificate in the simplest way that it
// claims: its own, or one from the CA. It returns the root that clients trust.
func (s *Scenario) StartSecure() (*Server, *x509.Certificate) {
	ginkgo.GinkgoHelper()
	if s.plan.target.Claims("byo") {
		id := s.Identity(pki.Spec{})
		return s.StartOwn(id), id.Root
	}
	return s.StartACME(), s.CA().Root()
}

// Through makes the client's connections in another way.
func Through(way func(wire.DialFunc) wire.DialFunc) ClientOption {
	return func(c *wire.Client) { c.Dial = way(c.Dial) }
}

// Connect opens a connection to an address of the target's host, says this
// much, and leaves it open until the spec ends.
func (s *Scenario) Connect(address string, say []byte) net.Conn {
	ginkgo.GinkgoHelper()
	ctx, cancel := s.within(patience)
	defer cancel()
	conn, err := s.World.Dial(ctx, "tcp", address)
	if err == nil {
		_, err = conn.Write(say)
	}
	if err != nil {
		s.fail("expected  a connection to " + address + "\nseen      " + err.Error())
	}
	s.closers = append(s.closers, func() error {
		conn.Close() // the server may have done so
		return nil
	})
	return conn
}

// Send connects to the server, says this and no more, and returns all that the
// server answers. One that neither answers nor closes has a second to do so.
func (s *Scenario) Send(server *Server, say []byte) []byte {
	ginkgo.GinkgoHelper()
	conn := s.Connect(server.Address(), nil)
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Second))
	conn.Write(say) // the server may have heard enough
	if c, ok := conn.(*net.TCPConn); ok {
		c.CloseWrite()
	}
	answer, _ := io.ReadAll(io.LimitReader(conn, 1<<20)) // however it ends
	return answer
}

// Hello is what a client of the server would say first.
func (s *Scenario) Hello(server *Server) []byte {
	ginkgo.GinkgoHelper()
	hello, err := s.Client(server).ClientHello()
	s.must(err)
	return hello
}
