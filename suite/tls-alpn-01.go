package suite

import (
	. "github.com/onsi/gomega"
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
	server := s.Start(s.ALPN01(Keys{"tls_letsencrypt_listen": s.Addr(5080)}))
	for _, moment := range []string{"before issuance", "after issuance"} {
		for _, port := range []int{80, 5080} {
			Expect(s.Get(s.Addr(port), "/")).NotTo(Answer(), "%s, at port %d", moment, port)
		}
		Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	}
})
