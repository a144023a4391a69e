package harness

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"time"

	"github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	"assay/pebble"
	"assay/suite/internal/browser"
	"assay/suite/internal/match"
	"assay/suite/internal/wire"
)

// A ClientOption changes the client that [Env.Handshake] uses.
type ClientOption func(*wire.Client)

// SNI sends this server name; an empty one sends none.
func SNI(name string) ClientOption {
	return func(c *wire.Client) {
		c.ServerName = name
		c.AnyServerName = net.ParseIP(name) != nil
	}
}

// Trusting makes the client know only this root.
func Trusting(root *x509.Certificate) ClientOption {
	return func(c *wire.Client) {
		c.Roots = x509.NewCertPool()
		c.Roots.AddCert(root)
	}
}

// TLSVersion lets the client speak only this version, a tls.Version constant.
func TLSVersion(version uint16) ClientOption {
	return func(c *wire.Client) { c.MinVersion, c.MaxVersion = version, version }
}

// Offering makes the client offer these protocols by ALPN.
func Offering(protocols ...string) ClientOption {
	return func(c *wire.Client) { c.Protocols = protocols }
}

// RSAOnly makes a client that accepts RSA certificates only, by the cipher suites
// that it offers: autocert has a certificate of its own for such clients.
func RSAOnly() ClientOption {
	return func(c *wire.Client) {
		c.MaxVersion, c.Suites = tls.VersionTLS12, wire.RSASuites
	}
}

// ECDSAOnly makes a client that accepts ECDSA certificates alone.
func ECDSAOnly() ClientOption {
	return func(c *wire.Client) {
		c.MaxVersion, c.Suites = tls.VersionTLS12, wire.ECDSASuites
	}
}

// Schemes makes a client of this version, a tls.Version constant, that offers
// these signature algorithms only, such as [wire.RSASchemes].
func Schemes(version uint16, schemes []tls.SignatureScheme) ClientOption {
	return func(c *wire.Client) {
		c.MinVersion, c.MaxVersion, c.Schemes = version, version, schemes
	}
}

// OtherKeyTypeThan makes a client for which the certificate of this handshake is of the
// wrong type: a server that has one of each type orders another.
func OtherKeyTypeThan(seen *wire.Handshake) ClientOption {
	if leaf := seen.Leaf(); leaf != nil && leaf.PublicKeyAlgorithm == x509.RSA {
		return ECDSAOnly()
	}
	return RSAOnly()
}

// Visiting judges the certificate as a client does that goes to an address and
// not to a name: it sends no server name (RFC 6066 §3).
func Visiting(address string) ClientOption {
	return func(c *wire.Client) { c.ServerName = address }
}

// KeepOpen leaves the connection open; the spec closes it.
func KeepOpen(c *wire.Client) { c.KeepOpen = true }

// Handshake shakes hands with the server once, as a client that sends the
// spec's hostname and trusts the spec's CA, if there is one.
func (e *Env) Handshake(server *Server, options ...ClientOption) *wire.Handshake {
	c := e.Client(server, options...)
	ctx, cancel := e.within(Patience)
	defer cancel()
	h := c.Handshake(ctx)
	e.handshakes.add(h)
	return h
}

// Client is the client that [Env.Handshake] uses.
func (e *Env) Client(server *Server, options ...ClientOption) wire.Client {
	c := wire.Client{
		Dial:       e.World.Dial,
		Address:    server.Address(),
		Roots:      x509.NewCertPool(),
		ServerName: e.Hostname,
	}
	if e.ca != nil {
		c.Roots = e.ca.Roots()
	}
	for _, option := range options {
		option(&c)
	}
	return c
}

// Journal is the CA's journal, for matchers.
func (e *Env) Journal() *pebble.Journal { return e.CA().Journal() }

// Get sends one plain HTTP request to an address of the target's host.
func (e *Env) Get(address, path string, change ...func(*wire.Request)) *wire.Response {
	r := wire.Request{Dial: e.World.Dial, Address: e.reachable(address), Target: path,
		Host: e.Hostname}
	for _, c := range change {
		c(&r)
	}
	ctx, cancel := e.within(Patience)
	defer cancel()
	return r.Send(ctx)
}

// GetTLS is Get over TLS to the server's listen_addr. The certificate is not
// judged: handshakes do that.
func (e *Env) GetTLS(server *Server, path string, change ...func(*wire.Request)) *wire.Response {
	secure := func(r *wire.Request) {
		r.TLS = &tls.Config{ServerName: e.Hostname, InsecureSkipVerify: true,
			NextProtos: []string{"http/1.1"}}
	}
	return e.Get(server.Address(), path, append([]func(*wire.Request){secure}, change...)...)
}

// RequestOn sends a request on a connection that was kept open, and returns the
// response.
func (e *Env) RequestOn(open *wire.Handshake) *wire.Response {
	ctx, cancel := e.within(Patience / 4)
	defer cancel()
	return open.Exchange(ctx, "/")
}

// Post makes a request a POST with this body; upgrade, if not empty, is the
// protocol that it asks to go on with (RFC 9110 §7.8).
func Post(body, upgrade string) func(*wire.Request) {
	return func(r *wire.Request) {
		r.Method, r.Body = http.MethodPost, body
		if upgrade != "" {
			r.Header = http.Header{"Connection": {"upgrade"}, "Upgrade": {upgrade}}
		}
	}
}

// AwaitListener waits until a connection to an address is accepted: the challenge
// listener may open later than the server is ready. What the server answers there
// to a request that is no challenge is its own affair.
func (e *Env) AwaitListener(address string) {
	ginkgo.GinkgoHelper()
	e.Eventually(func(g Gomega) {
		g.Expect(e.ConnectError(address)).NotTo(HaveOccurred(), address)
	}, "a listener at "+address)
}

// ConnectError connects to an address of the target's host, closes the
// connection, and returns the error of connecting; nil if something listens.
func (e *Env) ConnectError(address string) error {
	ctx, cancel := e.within(Patience)
	defer cancel()
	conn, err := e.World.Dial(ctx, "tcp", e.reachable(address))
	if err == nil {
		conn.Close()
	}
	return err
}

// BeHealthy returns the matcher for the answer to a request for
// [Env.HealthPath]. A target without a health check has promised no page there,
// so any status will do.
func (e *Env) BeHealthy() types.GomegaMatcher {
	if e.setup.Target.Health == "" {
		return match.Answer()
	}
	return match.BeHealthy()
}

// ExpectPlainHTTP fails the spec unless the server answers plain HTTP at its
// listen_addr.
func (e *Env) ExpectPlainHTTP(server *Server) {
	ginkgo.GinkgoHelper()
	answer := e.Get(server.Address(), e.HealthPath())
	Expect(answer).To(match.AnswerPlainHTTP())
	Expect(answer).To(e.BeHealthy())
}

// Host sends another Host header.
func Host(name string) func(*wire.Request) { return func(r *wire.Request) { r.Host = name } }

// Through makes the client's connections in another way.
func Through(way func(wire.DialFunc) wire.DialFunc) ClientOption {
	return func(c *wire.Client) { c.Dial = way(c.Dial) }
}

// Browser is a headless Chromium in the spec's world. It trusts the CA's root
// beside its own.
type Browser struct {
	s *Env
	b *browser.Browser
}

// Browser starts the browser. Where this machine has none, the spec is skipped.
func (e *Env) Browser() *Browser {
	ginkgo.GinkgoHelper()
	if missing := browser.Missing(); missing != "" {
		e.SkipUnless(false, missing)
	}
	e.MkDir("browser")
	v4, _ := e.World.Host()
	b, err := browser.Start(e.ctx, browser.Options{
		Dir: e.Path("browser"), Root: e.CA().RootPEM(), Host: e.Hostname, Addr: v4.String(),
		Start: e.World.Start, StartLimit: Limits.Browser, VisitLimit: Patience,
	})
	e.Must(err)
	e.Closers = append(e.Closers, b.Close)
	return &Browser{s: e, b: b}
}

// Visit loads a page.
func (b *Browser) Visit(url string) browser.Visit {
	ginkgo.GinkgoHelper()
	v, err := b.b.Visit(url)
	b.s.Must(err)
	return v
}

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
