package suite

import (
	"crypto/tls"
	"fmt"
	"maps"
	"slices"

	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
	. "assay/suite/internal/harness"
	. "assay/suite/internal/match"
	"assay/suite/internal/wire"
)

// The specs below combine settings that do not depend on each other
// (scenarios/acme.yaml).

// combination is a row of ACME-31: values of independent settings.
type combination struct {
	Challenge string // http-01, tls-alpn-01
	Listen    string // how the listen addresses are written: address, port, zero, ipv6-zero
	Path      string // how the cache directory is written: relative, absolute
	Client    string // usual, rsa, tls-1-2
	Cache     string // what is there of it: none, empty, nested, filled
	Moment    string // issuance, restart, renewal
}

var _ = Table("ACME-31", func(e *Env, row combination) {
	e.NeedsClaim(row.Challenge)
	client := map[string]ClientOption{
		"usual":   func(*wire.Client) {},
		"rsa":     RSAOnly(),
		"tls-1-2": TLSVersion(tls.VersionTLS12),
	}[row.Client]
	dir := row.makeCache(e)
	e.MkDir("elsewhere")
	settings, options := row.settings(e, dir)
	options = append(options, WorkingDir(e.Path("elsewhere")))
	if row.Moment == "renewal" {
		e.NeedsClaim("renewal")
		e.NeedsClaim("autocert")
		expectRenewal(e, e.Start(settings, options...), dir, client, row)
		return
	}
	server := e.Start(settings, options...)
	seen := e.Handshake(server, client)
	if _, refused := seen.Alert(); refused && row.Client == "rsa" {
		Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
		e.SkipUnless(false, "this server has no RSA certificate, which ACME-13 is about")
	}
	Expect(seen).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveValidated(row.Challenge, e.Hostname))
	Expect(e.Path(dir)).To(HoldFiles())
	Expect(e.Path("elsewhere")).NotTo(HoldFiles())
	if row.Moment == "restart" {
		server.Restart()
		Expect(e.Handshake(server, client)).To(ServeLeaf(seen.Leaf()))
	}
	Expect(e.Journal()).To(HaveIssuedLike(seen.Leaf(), 1))
})

// makeCache prepares the cache directory, and returns its path below the spec's
// directory.
func (row combination) makeCache(e *Env) (dir string) {
	switch row.Cache {
	case "empty":
		e.MkCacheDir("cache")
	case "nested":
		return "not/yet/there"
	case "filled":
		e.MkCacheDir("cache")
		e.Write("cache/other.example.test", []byte("not a certificate"))
		e.Write("cache/notes.txt", []byte("a file of the operator's"))
	}
	return "cache"
}

// settings returns the configuration of the row and its start options. Port 443 or
// port 80 of the host leads to the listener of the challenge.
func (row combination) settings(e *Env, dir string) (Settings, []StartOption) {
	host, _ := e.World.Host()
	form := map[string]string{
		"address": host.String(), "port": "", "zero": "0.0.0.0", "ipv6-zero": "[::]",
	}[row.Listen]
	if row.Path == "absolute" {
		dir = e.Path(dir)
	}
	over := Settings{
		"listen_addr":               fmt.Sprintf("%s:%d", form, e.World.Port(8443)),
		"tls_letsencrypt_cache_dir": dir,
	}
	if row.Challenge == "tls-alpn-01" {
		return e.ALPN01(over), []StartOption{Forward(443, 8443)}
	}
	over["tls_letsencrypt_listen"] = fmt.Sprintf("%s:%d", form, e.World.Port(5080))
	return e.HTTP01(over), []StartOption{Forward(80, 5080)}
}

// expectRenewal restarts the server with a certificate in its cache that is due,
// and expects it to be renewed by the configured challenge.
func expectRenewal(e *Env, server *Server, dir string, client ClientOption, row combination) {
	server.Stop()
	var change []func(*pki.Spec)
	if row.Client == "rsa" {
		change = append(change, WithRSAKey)
	}
	old := e.CacheCertificate(dir, 29*Day, 90*Day, change...)
	server.Start()
	server.AwaitReady()
	expectOldOrRenewed(e, e.Handshake(server, client), old)
	e.EventuallyRenewed(func(g Gomega) {
		renewed := e.Handshake(server, client)
		g.Expect(renewed).To(HaveFullChainTo(e.CA().Root()))
		entry := e.Path(dir, pki.AutocertCacheName(e.Hostname, old))
		g.Expect(entry).To(HoldCertificate(renewed.Leaf()))
	}, "a renewed certificate to be served, and to be in the cache")
	// A server that obtains certificates when it starts did so before the control
	// was put into the cache.
	Expect(e.Journal()).To(HaveIssuedOfEachKey(2))
}

// offers holds what clients offer by ALPN, by the names that rows have for it.
var offers = map[string][]string{
	"h2":             {"h2"},
	"h2-first":       {"h2", "http/1.1"},
	"http-1-1-first": {"http/1.1", "h2"},
	"unknown-first":  {"assay/1", "h2", "http/1.1"},
	"acme-too":       {ChallengeProtocol, "h2", "http/1.1"},
	"none":           nil,
}

var _ = Table("ACME-32", func(e *Env, row struct{ Challenge, First string }) {
	server, _ := e.StartIn(row.Challenge)
	expectSpoken(e, server, row.First, "the client for which the certificate is obtained")
	for _, offer := range slices.Sorted(maps.Keys(offers)) {
		expectSpoken(e, server, offer, "a later client")
		expectSpoken(e, server, offer, "a later client with TLS 1.2 alone", TLSVersion(tls.VersionTLS12))
	}
	server.Restart()
	expectSpoken(e, server, row.First, "a client after a restart")
})

// expectSpoken expects the server to answer a request by the protocol that it
// selects for a client with this offer.
func expectSpoken(e *Env, server *Server, offer, client string, options ...ClientOption) {
	seen := e.Handshake(server, append(options, Offering(offers[offer]...), KeepOpen)...)
	defer seen.Close()
	if _, refused := seen.Alert(); refused && (offer == "h2" || offer == "acme-too") {
		// A server without HTTP/2 refuses a client that speaks nothing else (RFC 7301
		// §3.2), and acme-tls/1 is for clients that offer it alone (RFC 8737 §4).
		Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()), client)
		return
	}
	Expect(seen).To(HaveFullChainTo(e.CA().Root()), "%s, offer %s", client, offer)
	protocol := seen.State.NegotiatedProtocol
	Expect(append(offers[offer], "")).To(ContainElement(protocol), "what was offered, or none")
	Expect(protocol).NotTo(Equal(ChallengeProtocol), client)
	e.ExpectTwoAnswers(seen, fmt.Sprintf("%s, by the protocol %q", client, protocol))
}
