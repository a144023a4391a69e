package suite

import (
	"crypto/tls"
	"crypto/x509"

	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
	"assay/pebble"
	. "assay/suite/internal/harness"
	. "assay/suite/internal/match"
)

// The chapter chain: the certificates between the leaf and the root
// (scenarios/chain.yaml).

var _ = Table("CHAIN-01", func(e *Env, row struct{ Intermediates int }) {
	id := e.Identity(pki.Spec{Intermediates: row.Intermediates})
	server := e.StartOwn(id)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		seen := e.Handshake(server, TLSVersion(version))
		Expect(seen).To(ServeExactly(id.Chain()), tls.VersionName(version))
		e.ObserveChain(tls.VersionName(version), seen)
	}
})

var _ = Requirement("CHAIN-02", func(e *Env) {
	id := e.Identity(pki.Spec{Intermediates: 2})
	server := e.StartOwn(id)
	seen := e.Handshake(server, Trusting(id.Root))
	Expect(seen).To(HaveFullChainTo(id.Root))

	// The suite's own control: the same client, shown the leaf alone, rejects.
	Expect(seen.Client.Verify(seen.Chain[:1])).NotTo(Succeed(), "a client that accepts a leaf alone proves nothing")
})

var _ = Table("CHAIN-03", func(e *Env, row struct {
	Intermediates int
	Defect        pki.Defect
}) {
	id := e.Identity(pki.Spec{Intermediates: row.Intermediates})
	control := e.StartOwn(id)
	Expect(e.Handshake(control)).To(ServeExactly(id.Chain()))
	control.Stop()

	bad, atFault, err := id.ChainWith(row.Defect)
	e.Must(err)
	e.Write("cert.pem", pki.PEM(bad...))
	Expect(e.Refuse(control.Settings)).To(BeRefusalNamingOneOf(commonNames(atFault)...))
})

var _ = Table("CHAIN-04", func(e *Env, row struct {
	Intermediates int
	SelfSigned    bool `yaml:"self_signed"`
	Defect        pki.Defect
}) {
	id := e.Identity(pki.Spec{Intermediates: row.Intermediates, SelfSigned: row.SelfSigned})
	chain, _, err := id.ChainWith(row.Defect)
	e.Must(err)
	// The control is a chain that nothing can be said about, and not shorter:
	// some servers log a line for each certificate.
	control := e.ServeAndStop(e.Identity(pki.Spec{Intermediates: max(1, len(chain)-1)}))

	e.WritePair(id, "cert.pem", "key.pem")
	e.Write("cert.pem", pki.PEM(chain...))
	server := e.Start(control.Settings)
	Expect(e.Handshake(server)).To(ServeLeaf(id.Leaf))
	server.Stop()
	Expect(server.Log()).To(RaiseNoAlarm(control.Log()))
}, MayWarn)

var _ = Table("CHAIN-06", func(e *Env, row struct{ Intermediates int }) {
	e.UseCA(func(o *pebble.Options) { o.Intermediates = row.Intermediates })
	server := e.StartACME()
	fresh := e.Handshake(server)
	Expect(fresh).To(HaveFullChainTo(e.CA().Root()))
	Expect(fresh.Chain).To(HaveLen(1+row.Intermediates), "the leaf and every intermediate of the CA's")
	Expect(e.Handshake(server, TLSVersion(tls.VersionTLS12))).To(ServeExactly(fresh.Chain))
	e.ObserveChain("issued", fresh)

	server.Restart()
	Expect(e.Handshake(server)).To(ServeExactly(fresh.Chain))
})

var _ = Table("CHAIN-07", func(e *Env, row struct{ Before, After int }) {
	old, fresh := e.Identity(pki.Spec{Intermediates: row.Before}), e.Identity(pki.Spec{Intermediates: row.After})
	server := e.StartOwn(old)
	Expect(e.Handshake(server)).To(ServeExactly(old.Chain()))

	// No handshake after the first with the new chain is judged: where every
	// reload starts new processes, the old ones may answer for a moment.
	server.Replace(fresh)
	e.AwaitChain(server, old, fresh)
})

var _ = Table("CHAIN-08", func(e *Env, row struct {
	Intermediates int
	Defect        pki.Defect
}) {
	spec := pki.Spec{Intermediates: row.Intermediates}
	old, bad, good := e.Identity(spec), e.Identity(spec), e.Identity(spec)
	server := e.StartOwn(old)
	Expect(e.Handshake(server)).To(ServeExactly(old.Chain()))

	e.SwapPair(bad, row.Defect)
	server.ReloadAndAwaitComplaint()
	Expect(e.Handshake(server)).To(ServeExactly(old.Chain()))

	server.Replace(good)
	e.AwaitPair(server, old, good)
})

// commonNames are the subjects by which messages name certificates.
func commonNames(certs []*x509.Certificate) []string {
	var names []string
	for _, cert := range certs {
		names = append(names, cert.Subject.CommonName)
	}
	return names
}
