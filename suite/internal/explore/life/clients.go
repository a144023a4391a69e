package life

import (
	"crypto/tls"
	"strings"

	"assay/suite/internal/harness"
	"assay/suite/internal/wire"
)

// A client is a kind of client that shakes hands.
type client struct {
	name string
	// able says that it understands every certificate, and asks for the server's name.
	able bool
	// own says that a pair of the operator's own is served to it, whatever it asks for.
	own     bool
	options func(l *life) []harness.ClientOption
	// refused says that the server must not complete the handshake.
	refused bool
	// protocol names the only protocol that may be negotiated; "" allows any.
	protocol string
}

func with(options ...harness.ClientOption) func(*life) []harness.ClientOption {
	return func(*life) []harness.ClientOption { return options }
}

// clients holds every kind of client.
var clients = []client{
	{name: "go", able: true, own: true, options: with()},
	{name: "tls12", able: true, own: true, options: with(harness.TLSVersion(tls.VersionTLS12))},
	// autocert has another certificate for a client that offers the suites of TLS 1.3 alone.
	{name: "tls13", own: true, options: with(harness.TLSVersion(tls.VersionTLS13))},
	{name: "browser", able: true, own: true, options: with(harness.Offering("h2", "http/1.1"))},
	{name: "http1", able: true, own: true, options: with(harness.Offering("http/1.1")),
		protocol: "http/1.1"},
	{name: "chrome", able: true, own: true, options: with(harness.HelloForm(wire.Chrome))},
	{name: "firefox", able: true, own: true, options: with(harness.HelloForm(wire.Firefox))},
	{name: "unknown-groups", able: true, own: true, options: with(harness.HelloForm(wire.Unknown))},
	{name: "retry", able: true, own: true, options: with(harness.HelloForm(wire.Retry))},
	{name: "pieces", able: true, own: true, options: with(harness.Through(
		func(d wire.DialFunc) wire.DialFunc { return wire.Fragmented(d, 64) }))},
	{name: "byte-by-byte", able: true, own: true, options: with(harness.Through(wire.Dribbled))},
	{name: "upper-case", able: true, own: true, options: func(l *life) []harness.ClientOption {
		return []harness.ClientOption{harness.SNI(strings.ToUpper(l.e.Hostname))}
	}},
	{name: "foreign-ticket", own: true, options: func(l *life) []harness.ClientOption {
		return []harness.ClientOption{l.e.OfferingTicket("foreign", tls.VersionTLS13)}
	}},
	{name: "long-ticket", able: true, own: true, options: func(l *life) []harness.ClientOption {
		return []harness.ClientOption{l.e.OfferingTicket("long", tls.VersionTLS12)}
	}},
	{name: "ecdsa", own: true, options: with(harness.ECDSAOnly())},
	{name: "rsa", options: with(harness.RSAOnly())},
	{name: "rsa13", options: with(harness.Schemes(tls.VersionTLS13, wire.RSASchemes))},
	{name: "no-name", own: true, options: with(harness.SNI(""))},
	{name: "foreign-name", own: true, options: with(harness.SNI("other.example.test"))},
	{name: "below-name", own: true, options: func(l *life) []harness.ClientOption {
		return []harness.ClientOption{harness.SNI("x." + l.e.Hostname)}
	}},
	{name: "acme-tls", refused: true, options: with(harness.Offering(harness.ChallengeProtocol))},
	{name: "acme-tls-beside", options: with(
		harness.Offering(harness.ChallengeProtocol, "http/1.1"))},
	{name: "tls10", refused: true, options: with(harness.TLSVersion(tls.VersionTLS10))},
	{name: "tls11", refused: true, options: with(harness.TLSVersion(tls.VersionTLS11))},
}

func clientNames() (names []string) {
	for _, c := range clients {
		names = append(names, c.name)
	}
	return names
}

func clientOf(name string) client {
	for _, c := range clients {
		if c.name == name {
			return c
		}
	}
	return clients[0]
}
