package suite

import (
	"bytes"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/onsi/ginkgo/v2"

	"assay/fixtures/pki"
	"assay/suite/internal/wire"
)

// StartSecure starts the target with a certificate in the simplest way that it
// claims: its own, or one from the CA. It returns the root that clients trust.
func (s *Scenario) StartSecure() (*Server, *x509.Certificate) {
	ginkgo.GinkgoHelper()
	if s.Claims("byo") {
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

// A noHello is what a peer may say in place of a ClientHello, as the
// catalogue's rows have it.
type noHello struct {
	Name  string // for messages
	Hex   string // these bytes
	Times int    // so many times; 0 means once
	Hello string // or a ClientHello, changed in this way
}

// bytes makes it, from a good hello where it needs one.
func (n noHello) bytes(hello []byte) ([]byte, error) {
	hello = bytes.Clone(hello)
	switch n.Hello {
	case "":
		text, err := hex.DecodeString(n.Hex)
		return bytes.Repeat(text, max(n.Times, 1)), err
	case "cut":
		return hello[:len(hello)/2], nil
	case "of-a-server":
		hello[5] = 2 // handshake type server_hello (RFC 8446 §4)
		return hello, nil
	case "long-session-id":
		hello[43] = 255 // the length of the session identifier: 32 at most
		return hello, nil
	case "twice":
		return append(hello, hello...), nil
	}
	return nil, fmt.Errorf("unknown change of a hello %q", n.Hello)
}
