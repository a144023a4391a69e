package suite

import (
	"crypto/tls"
	"slices"

	. "github.com/onsi/gomega"

	"assay/pebble"
	. "assay/suite/internal/harness"
	. "assay/suite/internal/match"
	"assay/suite/internal/sut"
	"assay/suite/internal/wire"
)

// The specs below judge the chapter tls-alpn-01, the challenge inside a TLS
// handshake (scenarios/tls-alpn-01.yaml).

var _ = Requirement("ALPN01-01", func(e *Env) {
	server := e.Start(e.ALPN01())
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveValidated("tls-alpn-01", e.Hostname))
	e.ObserveIssuance("issuance")
})

var _ = Requirement("ALPN01-02", func(e *Env) {
	server := e.Start(e.ALPN01(Settings{"listen_addr": e.Addr(8443)}), Forward(443, 8443))
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveValidated("tls-alpn-01", e.Hostname))
})

var _ = Requirement("ALPN01-03", func(e *Env) {
	server := e.Start(e.ALPN01(Settings{"tls_letsencrypt_listen": e.Addr(5080)}), Forward(80, 5080))
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveValidated("tls-alpn-01", e.Hostname))
	Expect(e.Journal()).To(HaveAttemptedOnly("tls-alpn-01"))
})

var _ = Requirement("ALPN01-04", func(e *Env) {
	hold := e.HoldValidation(443)
	defer hold.Release()
	server := e.Start(e.ALPN01(Settings{"tls_letsencrypt_listen": e.Addr(5080)}))
	listensNowhere := func(moment string) {
		for _, port := range []int{80, 5080} {
			Expect(server.Listeners()).NotTo(ListenAtPort(e.World.Port(port)), moment)
			Expect(e.Get(e.Addr(port), "/")).NotTo(Answer(), "%s, at port %d", moment, port)
		}
	}
	listensNowhere("before issuance")
	first := InBackground(func() *wire.Handshake { return e.HandshakeWhenIssued(server) })
	hold.Await()
	Expect(server.Listeners()).To(ListenAtPort(e.World.Port(443)))
	listensNowhere("while the challenge is pending")
	hold.Release()
	Expect(<-first).To(HaveFullChainTo(e.CA().Root()))
	listensNowhere("after issuance")
})

var _ = Requirement("ALPN01-05", func(e *Env) {
	hold := e.HoldValidation(443)
	defer hold.Release()
	server := e.Start(e.ALPN01())
	first := InBackground(func() *wire.Handshake { return e.HandshakeWhenIssued(server) })
	hold.Await()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		challenge := e.Handshake(server, Offering(ChallengeProtocol), TLSVersion(version))
		Expect(challenge).To(Negotiate(ChallengeProtocol), tls.VersionName(version))
		Expect(challenge).To(ServeNamesExactly(e.Hostname))
		Expect(challenge).To(HaveACMEIdentifier())
	}

	hold.Release()
	seen := <-first
	Expect(seen).To(HaveFullChainTo(e.CA().Root()))
	Expect(seen).NotTo(HaveACMEIdentifier())
})

var _ = Table("ALPN01-06", func(e *Env, row struct{ Offer []string }) {
	hold := e.HoldValidation(443)
	defer hold.Release()
	hold.Release()
	server := e.Start(e.ALPN01())
	ordinary := e.Handshake(server)
	Expect(ordinary).To(HaveFullChainTo(e.CA().Root()))

	// A client that cannot use the first certificate makes a server with several
	// kinds of certificates order a second one.
	hold.Resume()
	otherKind := OtherKeyTypeThan(ordinary)
	second := InBackground(func() *wire.Handshake { return e.Handshake(server, otherKind) })
	if early := hold.AwaitUnless(second); early != nil {
		Expect(early).To(BeServedOrRefused(e.CA().Root()))
		e.SkipUnless(false,
			"this server has one certificate for all clients, so no challenge is pending now")
	}
	Expect(e.Handshake(server, Offering(ChallengeProtocol))).To(HaveACMEIdentifier())
	beside := e.Handshake(server, Offering(row.Offer...))
	if _, refused := beside.Alert(); !refused || !slices.Contains(row.Offer, ChallengeProtocol) {
		Expect(beside).To(ServeLeaf(ordinary.Leaf()))
	}

	hold.Release()
	Expect(<-second).To(HaveFullChainTo(e.CA().Root()))
})

var _ = Table("ALPN01-11", func(e *Env, row struct{ Offer []string }) {
	hold := e.HoldValidation(443)
	defer hold.Release()
	server := e.Start(e.ALPN01())
	first := InBackground(func() *wire.Handshake { return e.HandshakeWhenIssued(server) })
	hold.Await()
	Expect(e.Handshake(server, Offering(ChallengeProtocol))).To(HaveACMEIdentifier())
	seen := e.HandshakeOrLeave(server, Offering(row.Offer...))
	Expect(seen).NotTo(HaveACMEIdentifier())

	hold.Release()
	Expect(<-first).To(HaveFullChainTo(e.CA().Root()))
})

var _ = Table("ALPN01-07", func(e *Env, row struct{ SNI string }) {
	server := e.Start(e.ALPN01())
	askForChallenge := func() *wire.Handshake {
		return e.Handshake(server, SNI(e.Expand(row.SNI)), Offering(ChallengeProtocol))
	}
	early := askForChallenge()
	if len(e.Journal().Requests(pebble.KindNewOrder)) == 0 { // others order when they start
		Expect(early).NotTo(Negotiate(ChallengeProtocol))
	}

	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveValidated("tls-alpn-01", e.Hostname))
	e.Eventually(func(g Gomega) {
		g.Expect(askForChallenge()).NotTo(Negotiate(ChallengeProtocol))
	}, "the challenge's protocol to be negotiated no longer")
})

var _ = Requirement("ALPN01-08", func(e *Env) {
	control := e.Start(e.ALPN01())
	Expect(e.Handshake(control)).To(HaveFullChainTo(e.CA().Root()))
	control.Stop()
	e.Remove("cache")

	elsewhere := e.Start(e.ALPN01(Settings{"listen_addr": e.Addr(9000)}), Forward(443, 9000))
	wanted := "a warning that the CA comes to port 443, which the control at that port did not log"
	elsewhere.WaitLog(wanted, func(l sut.Line) bool {
		return ValidationPort.MatchString(l.Words()) && !control.Logged(l.Words())
	})
	Expect(e.Handshake(elsewhere)).To(HaveFullChainTo(e.CA().Root()))
})

var _ = Requirement("ALPN01-09", func(e *Env) {
	server := e.Start(e.ALPN01())
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveValidated("tls-alpn-01", e.Hostname))
	e.Eventually(func(g Gomega) {
		g.Expect(e.Handshake(server, Offering(ChallengeProtocol))).NotTo(HaveACMEIdentifier())
	}, "the challenge certificate to be served no longer")

	server.Restart()
	Expect(e.Handshake(server, Offering(ChallengeProtocol))).NotTo(HaveACMEIdentifier())
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
})

var _ = Requirement("ALPN01-10", func(e *Env) {
	e.Relay(443, 8443)
	server := e.Start(e.ALPN01(Settings{"listen_addr": e.Addr(8443)}))
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveValidated("tls-alpn-01", e.Hostname))
})

var _ = Table("ALPN01-12", func(e *Env, row Perspectives) {
	e.UsePerspectives(row)
	expectPerspectivesAnswered(e, e.Start(e.ALPN01()), "tls-alpn-01", row)
})

var _ = Requirement("ALPN01-13", func(e *Env) {
	late := Perspectives{Remote: 2, Last: lastLook}
	e.UsePerspectives(late)
	expectPerspectivesAnswered(e, e.Start(e.ALPN01()), "tls-alpn-01", late)
}, Slow)
