package harness

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"assay/suite/internal/match"
	"assay/suite/internal/wire"
)

// Greet shakes hands with the server as a client does that is content: it says by
// the negotiated protocol that it is there, asks for nothing, and closes the
// connection in an orderly way.
func (e *Env) Greet(server *Server, options ...ClientOption) *wire.Handshake {
	ginkgo.GinkgoHelper()
	seen := e.Handshake(server, append(options, KeepOpen)...)
	if seen.Err == nil {
		ctx, cancel := e.within(Patience)
		defer cancel()
		Expect(seen.Ping(ctx)).To(Succeed(), "a ping by "+seen.State.NegotiatedProtocol)
	}
	return seen
}

// Resume shakes hands twice, the second time with the session of the first, if the
// server gave one, and returns the second handshake.
func (e *Env) Resume(server *Server, options ...ClientOption) *wire.Handshake {
	ginkgo.GinkgoHelper()
	sessions := &sessions{tls.NewLRUClientSessionCache(1), make(chan struct{}, 1)}
	options = append(options, func(c *wire.Client) { c.Sessions = sessions })
	first := e.Handshake(server, append(options, KeepOpen)...)
	Expect(first).To(match.Complete())
	// In TLS 1.3 the server gives a session when it likes: the client has to read.
	go func() { _, _ = first.Conn.Read(make([]byte, 1)) }()
	ctx, cancel := context.WithTimeout(e.ctx, time.Second)
	defer cancel()
	select {
	case <-sessions.given:
	case <-ctx.Done():
	}
	first.Conn.Close()
	return e.Greet(server, options...)
}

// sessions tells when the server has given a session.
type sessions struct {
	tls.ClientSessionCache
	given chan struct{}
}

// Put implements [tls.ClientSessionCache].
func (s *sessions) Put(key string, state *tls.ClientSessionState) {
	s.ClientSessionCache.Put(key, state)
	select {
	case s.given <- struct{}{}:
	default:
	}
}
