package suite

import (
	"os"
	"regexp"

	. "github.com/onsi/gomega"

	"assay/suite/internal/sut"
	"assay/suite/internal/wire"
)

// The chapter tls-alpn-01: the challenge inside a TLS handshake
// (scenarios/tls-alpn-01.yaml).

var _ = Requirement("ALPN01-01", func(s *Scenario) {
	server := s.Start(s.ALPN01())
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal()).To(HaveValidated("tls-alpn-01", s.Hostname))
	s.ObserveIssuance("issuance")
})

var _ = Requirement("ALPN01-02", func(s *Scenario) {
	server := s.Start(s.ALPN01(Keys{"listen_addr": s.Addr(8443)}), Forward(443, 8443))
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal()).To(HaveValidated("tls-alpn-01", s.Hostname))
})

var _ = Requirement("ALPN01-03", func(s *Scenario) {
	server := s.Start(s.ALPN01(Keys{"tls_letsencrypt_listen": s.Addr(5080)}), Forward(80, 5080))
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal()).To(HaveValidated("tls-alpn-01", s.Hostname))
	Expect(s.Journal()).To(HaveAttemptedOnly("tls-alpn-01"))
})

var _ = Requirement("ALPN01-04", func(s *Scenario) {
	hold := s.HoldValidation(443)
	defer hold.Release()
	server := s.Start(s.ALPN01(Keys{"tls_letsencrypt_listen": s.Addr(5080)}))
	listensNowhere := func(moment string) {
		for _, port := range []int{80, 5080} {
			Expect(server.Listeners()).NotTo(ListenAtPort(s.World.Port(port)), moment)
			Expect(s.Get(s.Addr(port), "/")).NotTo(Answer(), "%s, at port %d", moment, port)
		}
	}
	listensNowhere("before issuance")
	first := background(func() *wire.Handshake { return s.Handshake(server) })
	hold.Await()
	Expect(server.Listeners()).To(ListenAtPort(s.World.Port(443)))
	listensNowhere("while the challenge is pending")
	hold.Release()
	Expect(<-first).To(HaveFullChainTo(s.CA().Root()))
	listensNowhere("after issuance")
})

var _ = Requirement("ALPN01-05", func(s *Scenario) {
	hold := s.HoldValidation(443)
	defer hold.Release()
	server := s.Start(s.ALPN01())
	first := background(func() *wire.Handshake { return s.Handshake(server) })
	hold.Await()
	challenge := s.Handshake(server, Offering(challengeProtocol))
	Expect(challenge).To(Negotiate(challengeProtocol))
	Expect(challenge).To(ServeNamesExactly(s.Hostname))
	Expect(challenge).To(HaveACMEIdentifier())

	hold.Release()
	seen := <-first
	Expect(seen).To(HaveFullChainTo(s.CA().Root()))
	Expect(seen).NotTo(HaveACMEIdentifier())
})

var _ = Table("ALPN01-06", func(s *Scenario, row struct{ Offer []string }) {
	hold := s.HoldValidation(443)
	defer hold.Release()
	hold.Release()
	server := s.Start(s.ALPN01())
	ordinary := s.Handshake(server)
	Expect(ordinary).To(HaveFullChainTo(s.CA().Root()))

	// A client that can do nothing with the first certificate makes the server
	// order a second, if it has more than one.
	hold.Resume()
	second := background(func() *wire.Handshake { return s.Handshake(server, unlike(ordinary)) })
	if early := hold.AwaitUnless(second); early != nil {
		Expect(early).To(BeServedOrRefused(s.CA().Root()))
		s.SkipUnless(false, "this server has one certificate for all clients: no challenge is pending while it has one")
	}
	Expect(s.Handshake(server, Offering(challengeProtocol))).To(HaveACMEIdentifier())
	Expect(s.Handshake(server, Offering(row.Offer...))).To(ServeLeaf(ordinary.Leaf()))

	hold.Release()
	Expect(<-second).To(HaveFullChainTo(s.CA().Root()))
})

var _ = Table("ALPN01-07", func(s *Scenario, row struct{ SNI string }) {
	server := s.Start(s.ALPN01())
	Expect(s.Handshake(server, SNI(s.expand(row.SNI)), Offering(challengeProtocol))).NotTo(Negotiate(challengeProtocol))

	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal()).To(HaveValidated("tls-alpn-01", s.Hostname))
	s.Eventually(func(g Gomega) {
		g.Expect(s.Handshake(server, SNI(s.expand(row.SNI)), Offering(challengeProtocol))).NotTo(Negotiate(challengeProtocol))
	}, "the challenge's protocol to be settled on no longer")
})

var _ = Requirement("ALPN01-08", func(s *Scenario) {
	control := s.Start(s.ALPN01())
	Expect(s.Handshake(control)).To(HaveFullChainTo(s.CA().Root()))
	control.Stop()
	s.must(os.RemoveAll(s.Path("cache")))

	elsewhere := s.Start(s.ALPN01(Keys{"listen_addr": s.Addr(9000)}), Forward(443, 9000))
	elsewhere.WaitLog("a warning that the CA comes to port 443, which the control at that port did not log", func(l sut.Line) bool {
		return whereTheCAComes.MatchString(l.Words()) && !control.said(l.Words())
	})
	Expect(s.Handshake(elsewhere)).To(HaveFullChainTo(s.CA().Root()))
})

// whereTheCAComes is a line about port 443, in whatever words.
var whereTheCAComes = regexp.MustCompile(`(?i)\b443\b.*(warn|challenge|TLS-ALPN-01|forward)|(warn|challenge|TLS-ALPN-01|forward).*\b443\b`)

var _ = Requirement("ALPN01-09", func(s *Scenario) {
	server := s.Start(s.ALPN01())
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal()).To(HaveValidated("tls-alpn-01", s.Hostname))
	s.Eventually(func(g Gomega) {
		g.Expect(s.Handshake(server, Offering(challengeProtocol))).NotTo(HaveACMEIdentifier())
	}, "the challenge certificate to be served no longer")

	server.Restart()
	Expect(s.Handshake(server, Offering(challengeProtocol))).NotTo(HaveACMEIdentifier())
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
})

var _ = Requirement("ALPN01-10", func(s *Scenario) {
	s.Relay(443, 8443)
	server := s.Start(s.ALPN01(Keys{"listen_addr": s.Addr(8443)}))
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal()).To(HaveValidated("tls-alpn-01", s.Hostname))
})

// challengeProtocol is what a CA offers, alone, to see a challenge's
// certificate (RFC 8737 §6.2).
const challengeProtocol = "acme-tls/1"
