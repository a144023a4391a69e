package suite

import (
	"crypto/tls"

	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
	"assay/pebble"
)

// The chapter chain: the certificates between the leaf and the root
// (scenarios/chain.yaml).

var _ = Table("CHAIN-01", func(s *Scenario, row struct{ Intermediates int }) {
	id := s.Identity(pki.Spec{Intermediates: row.Intermediates})
	server := s.StartOwn(id)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		seen := s.Handshake(server, Version(version))
		Expect(seen).To(ServeExactly(id.Chain()), tls.VersionName(version))
		s.ObserveChain(tls.VersionName(version), seen)
	}
})

var _ = Requirement("CHAIN-02", func(s *Scenario) {
	id := s.Identity(pki.Spec{Intermediates: 2})
	server := s.StartOwn(id)
	seen := s.Handshake(server, Trusting(id.Root))
	Expect(seen).To(HaveFullChainTo(id.Root))

	// The suite's own control: the same client, shown the leaf alone, rejects.
	Expect(seen.Client.Verify(seen.Chain[:1])).NotTo(Succeed(), "a client that accepts a leaf alone proves nothing")
})

var _ = Table("CHAIN-03", func(s *Scenario, row struct {
	Intermediates int
	Defect        pki.Defect
}) {
	id := s.Identity(pki.Spec{Intermediates: row.Intermediates})
	control := s.StartOwn(id)
	Expect(s.Handshake(control)).To(ServeExactly(id.Chain()))
	control.Stop()

	bad, atFault, err := id.ChainWith(row.Defect)
	s.must(err)
	s.Write("cert.pem", pki.PEM(bad...))
	Expect(s.Refuse(control.Keys)).To(BeRefusalNamingOneOf(commonNames(atFault)...))
})

var _ = Table("CHAIN-04", func(s *Scenario, row struct {
	Intermediates int
	SelfSigned    bool `yaml:"self_signed"`
	Defect        pki.Defect
}) {
	id := s.Identity(pki.Spec{Intermediates: row.Intermediates, SelfSigned: row.SelfSigned})
	chain, _, err := id.ChainWith(row.Defect)
	s.must(err)
	// The control is a chain that nothing can be said about, and not shorter:
	// some servers log a line for each certificate.
	control := s.serveAndStop(s.Identity(pki.Spec{Intermediates: max(1, len(chain)-1)}))

	s.WritePair(id, "cert.pem", "key.pem")
	s.Write("cert.pem", pki.PEM(chain...))
	server := s.Start(control.Keys)
	Expect(s.Handshake(server)).To(ServeLeaf(id.Leaf))
	server.Stop()
	Expect(server.Log()).NotTo(WarnUnlike(control.Log(), "chain", "issuer", "intermediate"))
}, Warned)

var _ = Table("CHAIN-06", func(s *Scenario, row struct{ Intermediates int }) {
	s.UseCA(func(o *pebble.Options) { o.Intermediates = row.Intermediates })
	server := s.StartACME()
	fresh := s.Handshake(server)
	Expect(fresh).To(HaveFullChainTo(s.CA().Root()))
	Expect(fresh.Chain).To(HaveLen(1+row.Intermediates), "the leaf and every intermediate of the CA's")
	Expect(s.Handshake(server, Version(tls.VersionTLS12))).To(ServeExactly(fresh.Chain))
	s.ObserveChain("issued", fresh)

	server.Restart()
	Expect(s.Handshake(server)).To(ServeExactly(fresh.Chain))
})

var _ = Table("CHAIN-07", func(s *Scenario, row struct{ Before, After int }) {
	old, fresh := s.Identity(pki.Spec{Intermediates: row.Before}), s.Identity(pki.Spec{Intermediates: row.After})
	server := s.StartOwn(old)
	Expect(s.Handshake(server)).To(ServeExactly(old.Chain()))

	// No handshake after the first with the new chain is judged: where every
	// reload starts new processes, the old ones may answer for a moment.
	server.Replace(fresh)
	s.AwaitChain(server, old, fresh)
})

var _ = Table("CHAIN-08", func(s *Scenario, row struct {
	Intermediates int
	Defect        pki.Defect
}) {
	spec := pki.Spec{Intermediates: row.Intermediates}
	old, bad, good := s.Identity(spec), s.Identity(spec), s.Identity(spec)
	server := s.StartOwn(old)
	Expect(s.Handshake(server)).To(ServeExactly(old.Chain()))

	s.swapPair(bad, row.Defect)
	server.ReloadBad()
	Expect(s.Handshake(server)).To(ServeExactly(old.Chain()))

	server.Replace(good)
	s.AwaitPair(server, old, good)
})
