package harness

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"os"
	"slices"
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

// TLSVersions holds the TLS versions by the names that rows have for them.
var TLSVersions = map[string]uint16{
	"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13,
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

// HelloForm makes a client whose hello has this form.
func HelloForm(form wire.Form) ClientOption {
	return func(c *wire.Client) { c.Form = form }
}

// Groups makes a client that offers these key exchanges, or Go's defaults if there are none.
func Groups(groups ...tls.CurveID) ClientOption {
	return func(c *wire.Client) { c.Groups = append([]tls.CurveID{}, groups...) }
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
	ctx, cancel := e.wait(&wait{
		began: time.Now(), limit: Patience, vain: server.neverAsks, least: Limits.Vain,
	})
	defer cancel()
	h := c.Handshake(ctx)
	e.handshakes.add(h)
	server.pairs.add(h)
	return h
}

// foreign reports whether a certificate has nothing to do with the spec: neither the spec
// nor its CA has made it. It is one of the server's own then, which no client trusts.
func (e *Env) foreign(leaf *x509.Certificate) bool {
	return leaf != nil && e.ca != nil && !e.minted(leaf) && !e.ca.Signed(leaf)
}

// HandshakeAfterSignal shakes hands as [Env.Handshake] does, while the server deals
// with a signal. Old processes of a server may then reset a connection that they have
// accepted and not answered, and a server may close its listener and open it again at
// once. So the client tries once more, for at most mostLost connections
// after each signal. The last handshake is judged.
func (e *Env) HandshakeAfterSignal(server *Server, options ...ClientOption) *wire.Handshake {
	seen := e.Handshake(server, options...)
	if seen.Lost() && server.mayLose() {
		server.awaitOpenAgain()
		return e.Handshake(server, options...)
	}
	return seen
}

// awaitOpenAgain gives a server that has closed its listener a second to open it
// again. It returns at once if the listener is open.
func (v *Server) awaitOpenAgain() {
	ctx, cancel := v.s.within(Limits.Change)
	defer cancel()
	// What the next connection shows is judged, not how this wait ended.
	_ = v.Process.Listening(ctx, v.Address(), v.readiness())
}

// mostLost is how many connections a server may lose after a signal: those that its
// old processes have accepted, of a client that makes one after the other.
const mostLost = 3

// mayLose counts a lost connection. It reports whether the server may lose so many
// after its last signal.
func (v *Server) mayLose() bool {
	v.lost++
	return v.lost <= mostLost
}

// HandshakeOrLeave shakes hands with the server, as a client that leaves after a moment
// if the server keeps it waiting. What such a client sees is not judged, so the
// handshake is no observation.
func (e *Env) HandshakeOrLeave(server *Server, options ...ClientOption) *wire.Handshake {
	c := e.Client(server, options...)
	ctx, cancel := context.WithTimeout(e.ctx, Limits.Change)
	defer cancel()
	return c.Handshake(ctx)
}

// Client returns the client that [Env.Handshake] uses.
func (e *Env) Client(server *Server, options ...ClientOption) wire.Client {
	c := wire.Client{
		Dial:       e.World.Dial,
		Address:    server.Address(),
		Roots:      x509.NewCertPool(),
		ServerName: e.Hostname,
		Seen: func(h *wire.Handshake) {
			h.Foreign = e.foreign(h.Leaf())
			e.seen.Add(h)
		},
		Keys: e.keyLog(),
	}
	if e.ca != nil {
		c.Roots = e.ca.Roots()
	}
	if e.Time != nil {
		c.Now = e.Now
	}
	for _, option := range options {
		option(&c)
	}
	return c
}

// Journal returns the CA's journal, for matchers.
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
	answer := r.Send(ctx)
	if answer.Secure != nil {
		e.seen.Add(answer.Secure)
		e.packets.Received(answer.Header, answer.Body)
	}
	return answer
}

// GetTLS sends one HTTP request over TLS to the server's listen_addr. The certificate
// is not judged: handshakes do that.
func (e *Env) GetTLS(server *Server, path string, change ...func(*wire.Request)) *wire.Response {
	secure := func(r *wire.Request) {
		r.TLS = &tls.Config{ServerName: e.Hostname, InsecureSkipVerify: true,
			NextProtos: []string{"http/1.1"}, KeyLogWriter: e.keyLog()}
	}
	return e.Get(server.Address(), path, append([]func(*wire.Request){secure}, change...)...)
}

// RequestOn sends a request on a connection that was kept open, and returns the
// response.
func (e *Env) RequestOn(open *wire.Handshake) *wire.Response {
	ctx, cancel := e.within(Patience / 4)
	defer cancel()
	answer := open.Exchange(ctx, "/")
	e.packets.Received(answer.Header, answer.Body)
	return answer
}

// ExpectTwoAnswers sends two requests on a connection that was kept open, and expects each to
// be answered. The server may say that it takes one request alone.
func (e *Env) ExpectTwoAnswers(open *wire.Handshake, which string) {
	ginkgo.GinkgoHelper()
	ctx, cancel := e.within(Patience / 4)
	defer cancel()
	Expect(open).To(match.Complete(), which)
	first, second := open.ExchangeTwice(ctx, "/")
	Expect(first).To(match.Answer(), which)
	if second != nil {
		Expect(second).To(match.Answer(), "%s, a second request on the connection", which)
	}
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
// listener may open later than the server is ready. Its answer to a request that is
// no challenge does not matter.
func (e *Env) AwaitListener(address string) {
	ginkgo.GinkgoHelper()
	ctx, cancel := e.wait(&wait{
		began: time.Now(), limit: Patience, least: Limits.Change,
		vain: func() bool { return e.neverListens(address) },
	})
	defer cancel()
	e.eventually(ctx, func(g Gomega) {
		g.Expect(e.ConnectError(address)).To(match.HaveConnected(address))
	}, "a listener at "+address)
}

// neverListens reports whether the run has found that the target opens no listener for
// challenges, if the address is not that of the last server's other listener.
func (e *Env) neverListens(address string) bool {
	if n := len(e.servers); n == 0 || e.servers[n-1].Address() == e.reachable(address) {
		return false
	}
	return e.setup.Contact.Finding().NoListener
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
	e.expectPlainHTTP(server, e.Get(server.Address(), e.HealthPath()))
}

// expectPlainHTTPAfterSignal expects what [Env.ExpectPlainHTTP] does, and tries once
// more as [Env.HandshakeAfterSignal] does.
func (e *Env) expectPlainHTTPAfterSignal(server *Server) {
	ginkgo.GinkgoHelper()
	answer := e.Get(server.Address(), e.HealthPath())
	if answer.Lost() && server.mayLose() {
		server.awaitOpenAgain()
		answer = e.Get(server.Address(), e.HealthPath())
	}
	e.expectPlainHTTP(server, answer)
}

func (e *Env) expectPlainHTTP(server *Server, answer *wire.Response) {
	ginkgo.GinkgoHelper()
	// A server may answer 400 to a page that nobody has promised, and a TLS server answers
	// so to plain HTTP.
	if answer.Err == nil && answer.Status == http.StatusBadRequest {
		Expect(e.Handshake(server)).NotTo(match.AnswerInTLS())
	} else {
		Expect(answer).To(match.AnswerPlainHTTP())
	}
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

// Greet shakes hands with the server as a satisfied client does: it sends a ping if
// the negotiated protocol has one, asks for nothing, and closes the connection in an
// orderly way.
func (e *Env) Greet(server *Server, options ...ClientOption) *wire.Handshake {
	ginkgo.GinkgoHelper()
	seen := e.Handshake(server, append(options, KeepOpen)...)
	if seen.Err == nil {
		ctx, cancel := e.within(Patience)
		defer cancel()
		_ = seen.Ping(ctx) // whether the protocol is spoken is judged elsewhere
	}
	return seen
}

// Resume shakes hands twice, the second time with the session of the first, if the
// server gave one, and returns the second handshake.
func (e *Env) Resume(server *Server, options ...ClientOption) *wire.Handshake {
	ginkgo.GinkgoHelper()
	return e.Greet(server, append(options, e.TakeSession(server, options...))...)
}

// TakeSession shakes hands and makes a client offer the session, if the server gave one.
func (e *Env) TakeSession(server *Server, options ...ClientOption) ClientOption {
	ginkgo.GinkgoHelper()
	sessions := &sessions{tls.NewLRUClientSessionCache(1), make(chan struct{}, 1)}
	offer := func(c *wire.Client) { c.Sessions = sessions }
	first := e.Handshake(server, append(slices.Clone(options), offer, KeepOpen)...)
	Expect(first).To(match.Complete())
	// In TLS 1.3 the server may give a session at any time, so the client reads.
	go func() { _, _ = first.Conn.Read(make([]byte, 1)) }()
	ctx, cancel := context.WithTimeout(e.ctx, time.Second)
	defer cancel()
	select {
	case <-sessions.given:
	case <-ctx.Done():
	}
	first.Conn.Close()
	return offer
}

// OfferingTicket makes the client offer a session with a ticket that the server does not
// know: that of another server of the same name ("foreign"), a "damaged" one, one of a
// single byte ("short"), or one of four thousand ("long").
func (e *Env) OfferingTicket(ticket string, version uint16) ClientOption {
	ginkgo.GinkgoHelper()
	session, err := wire.ForeignSession(e.Hostname, version)
	if err == nil {
		session, err = wire.Retold(session, func(foreign []byte) []byte {
			switch ticket {
			case "damaged":
				for i := len(foreign) / 2; i < len(foreign); i++ {
					foreign[i] ^= 0xff
				}
			case "short":
				return []byte{1}
			case "long":
				return bytes.Repeat([]byte{1}, 4000)
			}
			return foreign
		})
	}
	e.Must(err)
	return func(c *wire.Client) {
		c.MinVersion, c.MaxVersion, c.Sessions = version, version, wire.NewSession(session)
	}
}

// Renegotiate makes a handshake of TLS 1.2, and begins another one on the same connection,
// many times. It returns what the server answered. If the server refuses the first
// handshake, the spec is skipped.
func (e *Env) Renegotiate(server *Server, times int) (answer string) {
	ginkgo.GinkgoHelper()
	conn := e.Connect(server.Address(), nil)
	ctx, cancel := e.within(Patience)
	defer cancel()
	deadline, _ := ctx.Deadline()
	e.Must(conn.SetDeadline(deadline))
	answer, err := wire.Renegotiate(conn, e.Hostname, times, Limits.Answer)
	switch {
	case errors.Is(err, wire.ErrNoTLS12):
		e.SkipUnless(false, err.Error())
	case errors.Is(err, os.ErrDeadlineExceeded):
		e.Fail("expected  a handshake of TLS 1.2, or its refusal\nseen      " + err.Error())
	}
	e.Must(err)
	return answer
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

// Shake shakes hands with the server until the context ends. Unlike [Env.Handshake] it has
// no time limit of its own.
func (e *Env) Shake(
	ctx context.Context, server *Server, options ...ClientOption,
) *wire.Handshake {
	return e.Client(server, options...).Handshake(ctx)
}
