package harness

import (
	"net/netip"

)

// ChallengePath is where HTTP-01 answers are looked for (RFC 8555 §8.3).
const ChallengePath = "/.well-known/acme-challenge/"

// PointHere makes a name lead to the target's host, for the CA and for
// whoever asks the system's resolver. It is an IPv4 address; see
// [Env.PointHere6].
func (e *Env) PointHere(name string) {
	v4, _ := e.World.Host()
	e.point(name, e.World.Sites().Gateway[0], v4)
}

// PointHere6 makes a name lead to the target's host over IPv6 alone. Only a
// network namespace has it.
func (e *Env) PointHere6(name string) {
	gateways := e.World.Sites().Gateway
	e.SkipUnless(len(gateways) > 1, "needs IPv6, which this machine does not have")
	_, v6 := e.World.Host()
	e.point(name, gateways[1], v6)
}

// point tells the CA, which validates through its gateway, and the system's
// resolver where a name leads.
func (e *Env) point(name string, gateway, host netip.Addr) {
	e.CA().Point(name, gateway)
	if e.Resolver != nil {
		e.Resolver.Point(name, host)
	}
}

// Named are the keys of a server for another name than the spec's.
func Named(hostname string) Settings {
	return Settings{"server_url": "https://" + hostname, "tls_letsencrypt_hostname": hostname}
}

// ChallengeProtocol is what a CA offers, alone, to see a challenge's
// certificate (RFC 8737 §6.2).
const ChallengeProtocol = "acme-tls/1"
