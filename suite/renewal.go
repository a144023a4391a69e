package suite

import (
	"strings"
	"time"

	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
	"assay/pebble"
	"assay/suite/internal/wire"
)

// The chapter renewal: a new certificate before the old one ends
// (scenarios/renewal.yaml). What takes days is in renewal_schedule.go.

var _ = Table("RENEW-01", func(s *Scenario, row struct{ Left time.Duration }) {
	s.renewsOneOfTwo(row.Left, 29*day, 90*day)
})

var _ = Table("RENEW-02", func(s *Scenario, row struct{ Left, Lifetime time.Duration }) {
	old := s.CacheCertificate("cache", row.Left, row.Lifetime)
	server := s.StartACME()
	open := s.Handshake(server, KeepOpen)
	Expect(open).To(Complete())
	defer open.Close()

	renewed := s.AwaitRenewal(server, old)
	Expect(renewed).To(HaveFullChainTo(s.CA().Root()))
	Expect(renewed).To(ServeNamesExactly(s.Hostname))
	s.AwaitCached(renewed)
	Expect(open).To(StillAnswer())
	s.ObserveIssuance("renewal")
})

var _ = Requirement("RENEW-03", func(s *Scenario) {
	old := s.Expiring()
	server := s.startBy("http-01")
	Expect(s.Handshake(server)).To(Complete())
	s.AwaitRenewal(server, old)
	Expect(s.Journal()).To(HaveValidated("http-01", s.Hostname))
})

var _ = Requirement("RENEW-04", func(s *Scenario) {
	old := s.Expiring()
	server := s.startBy("tls-alpn-01")
	Expect(s.Handshake(server)).To(Complete())
	s.AwaitRenewal(server, old)
	Expect(s.Journal()).To(HaveValidated("tls-alpn-01", s.Hostname))
})

var _ = Table("RENEW-05", func(s *Scenario, row struct{ Challenge string }) {
	const clients, enough = 3, 20
	s.Disturb(pebble.Slow(pebble.KindCertificate, 100*time.Millisecond)) // renewal takes long enough to be watched
	old := s.Expiring()
	server := s.startBy(row.Challenge)
	load := s.Load(server, clients)
	defer load.Stop()
	s.Eventually(func(g Gomega) {
		others := load.With(func(h *wire.Handshake) bool { return !serves(h, old.Leaf) })
		g.Expect(others).To(BeNumerically(">=", enough), "handshakes that were served no longer the old certificate")
	}, "the renewed certificate to be served under load")
	Expect(load.Stop()).To(HaveSeenOnly(old.Leaf, s.CA().Root()))
})

var _ = Requirement("RENEW-06", func(s *Scenario) {
	server := s.renewsOneOfTwo(60*day, 29*day, 90*day, func(server *Server) { s.refuseHandshake(server, "before.example.test") })
	s.refuseHandshake(server, "after.example.test")
	Expect(server).To(LogNothingBetween("before.example.test", "after.example.test", "tls", "acme", "cert", "renew"))
})

var _ = Requirement("RENEW-07", func(s *Scenario) {
	old := s.Expiring()
	server := s.startOffering(s.ownChallenge())
	Expect(s.Handshake(server)).To(Complete())
	renewed := s.AwaitRenewal(server, old).Leaf()
	for range 20 {
		Expect(s.Handshake(server)).To(ServeLeaf(renewed))
	}
	server.Restart()
	Expect(s.Handshake(server)).To(ServeLeaf(renewed), "after a restart")
	Expect(s.Journal()).To(HaveIssued(1))
	Expect(s.Journal()).To(HaveOrdered(1))
})

var _ = Table("RENEW-08", func(s *Scenario, row struct{ Fault string }) {
	old := s.Expiring()
	s.failRenewal(row.Fault)
	server := s.StartACME()
	Expect(s.Handshake(server)).To(ServeLeaf(old.Leaf))
	s.awaitFailure()
	for range 20 {
		Expect(s.Handshake(server)).To(ServeLeaf(old.Leaf), "after the CA failed")
	}
	Expect(server).To(Live())

	// The control: the certificate was due, and nothing but the CA in the way.
	s.CA().Restore()
	server.Restart()
	Expect(s.Handshake(server)).To(Complete())
	Expect(s.AwaitRenewal(server, old)).To(HaveFullChainTo(s.CA().Root()))
})

var _ = Requirement("RENEW-09", func(s *Scenario) {
	old := s.Expiring()
	s.failRenewal("refused")
	server := s.StartACME()
	Expect(s.Handshake(server)).To(ServeLeaf(old.Leaf))
	s.awaitFailure()
	server.WaitLog("a line with the CA's reason: "+renewalRefused, mentions(renewalRefused))
})

var _ = Table("RENEW-10", func(s *Scenario, row struct{ Ago time.Duration }) {
	expired := s.CacheCertificate("cache", -row.Ago, 90*day)
	server := s.StartACME()
	seen := s.Handshake(server)
	Expect(seen).NotTo(ServeLeaf(expired.Leaf))
	Expect(seen).To(HaveFullChainTo(s.CA().Root()))
	s.AwaitCached(seen)
	Expect(s.Journal()).To(HaveIssued(1))
})

var _ = Table("RENEW-11", func(s *Scenario, row struct{ Lifetime time.Duration }) {
	s.UseCA(func(o *pebble.Options) { o.Validity = row.Lifetime })
	server := s.StartACME()
	first := s.Handshake(server)
	Expect(first).To(HaveFullChainTo(s.CA().Root()))
	// A second issuance, for a client that needs another type of key, gives a
	// storm the time that it needs. A server may have none for it: there, clients
	// go on coming for a while.
	needed := 1
	if second := s.Handshake(server, unlike(first)); second.Err == nil && !second.Leaf().Equal(first.Leaf()) {
		Expect(second).To(HaveFullChainTo(s.CA().Root()))
		needed = 2
	} else {
		s.Insist(server, time.Second)
	}
	Expect(s.Journal()).To(HaveIssued(needed))
	Expect(s.Handshake(server)).To(ServeLeaf(first.Leaf()))
})

var _ = Table("RENEW-12", func(s *Scenario, row struct{ Lifetime, Before, After time.Duration }) {
	s.renewsOneOfTwo(row.Before, row.After, row.Lifetime)
})

var _ = Requirement("RENEW-13", func(s *Scenario) {
	// The other process writes once the server has read the cache, and before
	// the certificate that it read is due. A machine too slow for the first
	// lifetime has more time with the second.
	var server *Server
	var newer *pki.Identity
	for _, lifetime := range []time.Duration{15 * time.Second, 36 * time.Second} {
		// Due a third of its lifetime before it ends, up to a tenth of that later.
		due := lifetime * 7 / 30
		begin := time.Now()
		s.CacheCertificate("cache", lifetime/3+due, lifetime)
		server = s.StartACME()
		Expect(s.Handshake(server)).To(Complete())
		newer = s.CacheCertificate("cache", 89*day, 90*day)
		if time.Since(begin) < due-time.Second {
			break
		}
		server.Stop()
		server = nil
	}
	s.SkipUnless(server != nil, "this machine takes too long to start a server for what the spec has to see")
	s.Eventually(func(g Gomega) { g.Expect(s.Handshake(server)).To(ServeLeaf(newer.Leaf)) },
		"the certificate to be served that another process put into the cache")
	Expect(s.Journal()).To(HaveNoRequests())
}, Slow)

var _ = Requirement("RENEW-14", func(s *Scenario) {
	first := s.Expiring()
	server := s.StartACME()
	Expect(s.Handshake(server)).To(Complete())
	s.AwaitRenewal(server, first)
	server.Stop()

	s.must(s.CA().Forget())
	second := s.Expiring()
	server.Restart()
	Expect(s.Handshake(server)).To(Complete())
	Expect(s.AwaitRenewal(server, second)).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal()).To(HaveIssued(2))
})

var _ = Requirement("RENEW-15", func(s *Scenario) {
	server := s.StartACME()
	Expect(s.Handshake(server, RSAOnly())).To(Complete())
	s.must(s.CA().Forget())
	s.Expiring()
	Expect(s.Handshake(server)).To(Complete())
	lost := func(e pebble.Entry) bool { return e.Problem == "urn:ietf:params:acme:error:accountDoesNotExist" }
	s.Await("a renewed certificate, or a request refused because the CA does not know the account", func(j *pebble.Journal) bool {
		return len(j.Issued()) > 1 || j.Count(lost) > 0
	})
	s.Observe("acme", "accounts lost while the server runs", map[bool]string{true: "renewed", false: "refused, not renewed before a restart"}[s.Journal().Count(lost) == 0])
})

var _ = Requirement("RENEW-16", func(s *Scenario) {
	old := s.Expiring()
	s.CA().Point(s.Hostname) // the CA finds no such name
	server := s.StartACME()
	Expect(s.Handshake(server)).To(ServeLeaf(old.Leaf))
	why := s.awaitFailedValidation()
	server.WaitLog("a line with the CA's reason: "+why, containsAll(strings.Split(why, "<token>")))
	Expect(s.Handshake(server)).To(ServeLeaf(old.Leaf))

	// The control: nothing else was in the way.
	s.CA().Point(s.Hostname, s.World.Services().Gateway[0])
	server.Restart()
	Expect(s.Handshake(server)).To(Complete())
	Expect(s.AwaitRenewal(server, old)).To(HaveFullChainTo(s.CA().Root()))
})

const day = 24 * time.Hour

// AwaitCached waits until the certificate that a handshake served is in the cache:
// a server may serve it first and store it then.
func (s *Scenario) AwaitCached(served *wire.Handshake) {
	s.Eventually(func(g Gomega) {
		g.Expect(s.Path("cache", s.Hostname)).To(HoldCertificate(served.Leaf()))
	}, "the certificate that is served to be in the cache")
}

// AwaitRenewal waits until the server serves another certificate than the old
// one, which it must have been asked for once: autocert's timer starts then.
func (s *Scenario) AwaitRenewal(server *Server, old *pki.Identity) (renewed *wire.Handshake) {
	s.Eventually(func(g Gomega) {
		renewed = s.Handshake(server)
		g.Expect(renewed).To(Complete())
		g.Expect(renewed).NotTo(ServeLeaf(old.Leaf))
	}, "a renewed certificate to be served")
	return renewed
}
