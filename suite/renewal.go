package suite

import (
	"time"

	. "github.com/onsi/gomega"

	"assay/pebble"
)

// The chapter renewal: a new certificate before the old one ends
// (scenarios/renewal.yaml).

var _ = Table("RENEW-02", func(s *Scenario, row struct{ Left, Lifetime time.Duration }) {
	old := s.CacheCertificate("cache", row.Left, row.Lifetime)
	server := s.StartACME()
	open := s.Handshake(server, KeepOpen)
	Expect(open).To(Complete())
	defer open.Close()

	s.Await("a renewed certificate issued by the CA", func(j *pebble.Journal) bool { return len(j.Issued()) == 1 })
	s.Eventually(func(g Gomega) {
		g.Expect(s.Handshake(server)).NotTo(ServeLeaf(old.Leaf))
	}, "the renewed certificate to be served")
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Path("cache", s.Hostname)).NotTo(HoldCertificate(old.Leaf))
	Expect(open).To(StillAnswer())
	s.ObserveIssuance("renewal")
})
