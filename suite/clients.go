package suite

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"

	"assay/pebble"
	"assay/suite/internal/wire"
)

// A ClientOption changes the client that [Scenario.Handshake] uses.
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

// Version lets the client speak only this version, a tls.Version constant.
func Version(version uint16) ClientOption {
	return func(c *wire.Client) { c.MinVersion, c.MaxVersion = version, version }
}

// Offering makes the client offer these protocols by ALPN.
func Offering(protocols ...string) ClientOption {
	return func(c *wire.Client) { c.Protocols = protocols }
}

// RSAOnly makes a client that accepts RSA certificates alone: autocert gives
// those one of their own.
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

// unlike makes a client for which the certificate of this handshake is of the
// wrong type: a server that has one of each type orders another.
func unlike(seen *wire.Handshake) ClientOption {
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
func (s *Scenario) Handshake(server *Server, options ...ClientOption) *wire.Handshake {
	c := s.Client(server, options...)
	ctx, cancel := s.within(patience)
	defer cancel()
	h := c.Handshake(ctx)
	s.handshakes.add(h)
	return h
}

// Client is the client that [Scenario.Handshake] uses.
func (s *Scenario) Client(server *Server, options ...ClientOption) wire.Client {
	c := wire.Client{
		Dial:       s.World.Dial,
		Address:    server.Address(),
		Roots:      x509.NewCertPool(),
		ServerName: s.Hostname,
	}
	if s.ca != nil {
		c.Roots = s.ca.Roots()
	}
	for _, option := range options {
		option(&c)
	}
	return c
}

// Journal is the CA's journal, for matchers.
func (s *Scenario) Journal() *pebble.Journal { return s.CA().Journal() }

// Get sends one plain HTTP request to an address of the target's host.
func (s *Scenario) Get(address, path string, change ...func(*wire.Request)) *wire.Response {
	r := wire.Request{Dial: s.World.Dial, Address: s.reachable(address), Target: path, Host: s.Hostname}
	for _, c := range change {
		c(&r)
	}
	ctx, cancel := s.within(patience)
	defer cancel()
	return r.Send(ctx)
}

// GetTLS is Get over TLS to the server's listen_addr. The certificate is not
// judged: handshakes do that.
func (s *Scenario) GetTLS(server *Server, path string, change ...func(*wire.Request)) *wire.Response {
	secure := func(r *wire.Request) {
		r.TLS = &tls.Config{ServerName: s.Hostname, InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}}
	}
	return s.Get(server.Address(), path, append([]func(*wire.Request){secure}, change...)...)
}

// Ask sends a request on a connection that was kept open, and returns the
// response.
func (s *Scenario) Ask(open *wire.Handshake) *wire.Response {
	ctx, cancel := s.within(patience / 4)
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
