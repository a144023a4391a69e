package suite

import (
	"crypto/tls"
	"crypto/x509"

	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	"assay/fixtures/pki"
	"assay/pebble"
	. "assay/suite/internal/harness"
	"assay/suite/internal/harness/rows"
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

	// A client that accepts a leaf without its issuer would prove nothing.
	Expect(seen.Client.Verify(seen.Chain[:1])).NotTo(Succeed(), "the suite's own client")
})

var _ = Table("CHAIN-03", func(e *Env, row rows.BrokenChain) {
	id := e.Identity(pki.Spec{Intermediates: row.Intermediates})
	control := e.StartOwn(id)
	Expect(e.Handshake(control)).To(HaveFullChainTo(id.Root))
	control.Stop()

	bad, atFault, err := id.ChainWith(row.Defect)
	e.Must(err)
	e.Write("cert.pem", pki.PEM(bad...))
	refusal, seen := e.RefuseOrServe(control.Settings)
	if seen != nil {
		Expect(seen).To(HaveOrderedChainTo(id.Root),
			"the chain that a client gets (a refusal would do too)")
		return
	}
	names, places := commonNames(atFault), id.PlacesOf(row.Defect)
	Expect(refusal).To(BeRefusalNamingCertificate(names, places))
})

var _ = Table("CHAIN-04", func(e *Env, row rows.CompleteChain) {
	var spec pki.Spec
	row.Mint(&spec)
	id := e.Identity(spec)
	chain, _, err := id.ChainWith(row.Defect)
	e.Must(err)
	// The control is a good chain that is at least as long: some servers log a
	// line for each certificate. Some log words that differ from start to start.
	good := e.Identity(pki.Spec{Intermediates: max(1, len(chain)-1)})
	control, again := e.ServeAndStop(good), e.ServeAndStop(good)

	e.WritePair(id, "cert.pem", "key.pem")
	e.Write("cert.pem", pki.PEM(chain...))
	server := e.Start(control.Settings)
	Expect(e.Handshake(server)).To(ServeLeaf(id.Leaf))
	server.Stop()
	Expect(server.LogOfCertificates()).To(RaiseNoAlarm(control.Log(), again.Log()))
}, MayWarn)

var _ = Table("CHAIN-06", func(e *Env, row struct {
	Intermediates int
	Renewal       bool
}) {
	e.UseCA(func(o *pebble.Options) {
		o.Intermediates, o.TwoIssuers = row.Intermediates, row.Renewal
	})
	if row.Renewal {
		expectChainOfRenewal(e)
		return
	}
	server := e.StartACME()
	fresh := e.Handshake(server)
	Expect(fresh).To(HaveFullChainTo(e.CA().Root()))
	Expect(len(fresh.Chain)).To(BeNumerically(">", row.Intermediates),
		"certificates: the leaf and each intermediate of the CA")
	older := e.Handshake(server, TLSVersion(tls.VersionTLS12))
	Expect(older).To(HaveFullChainTo(e.CA().Root()))
	Expect(len(older.Chain)).To(BeNumerically(">", row.Intermediates),
		"certificates for a client of TLS 1.2: the leaf and each intermediate of the CA")
	e.ObserveChain("issued", fresh)

	server.Restart()
	Expect(e.Handshake(server)).To(ServeExactly(fresh.Chain))
}, TimingDependent)

// expectChainOfRenewal expects that a renewed certificate, which has other intermediates than
// the first one, is served with its own ones, also after a restart.
func expectChainOfRenewal(e *Env) {
	e.NeedsClaim("renewal")
	e.NeedsEdge()
	l := beginLife(e, 45*Day)
	l.renewal()
	l.server.Restart()
	l.client("after a restart, with the renewed certificate")
}

var _ = Table("CHAIN-07", func(e *Env, row struct {
	Before, After int
	Below         pki.Defect // a chain of the same leaf, instead of another pair
}) {
	old := e.Identity(pki.Spec{Intermediates: row.Before})
	server := e.StartOwn(old)
	Expect(e.Handshake(server)).To(ServeExactly(old.Chain()))

	if row.Below != pki.None {
		longer, _, err := old.ChainWith(row.Below)
		e.Must(err)
		e.Swap("cert.pem", pki.PEM(longer...))
		server.Reload()
		server.Await(ServeExactly(longer), ServeExactly(old.Chain()))
		return
	}
	fresh := e.Identity(pki.Spec{Intermediates: row.After})
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
	old, took := server.MeasureReload(old)

	e.SwapPair(bad, row.Defect)
	// A server may put a chain right.
	server.ReloadInVain(took, ServeExactly(old.Chain()), HaveOrderedChainTo(bad.Root))

	// The operator mends the file: the leaf and the key are those of the bad one.
	server.Replace(bad)
	server.Await(HaveOrderedChainTo(bad.Root), ServeExactly(old.Chain()))

	server.Replace(good)
	server.Await(ServeExactly(good.Chain()), ServeExactly(old.Chain()), HaveOrderedChainTo(bad.Root))
})

var _ = Table("CHAIN-20", func(e *Env, row formRow) {
	row.try(e, BeRefusal(), func(file []*x509.Certificate, _ *x509.Certificate) types.GomegaMatcher {
		return ServeCertificatesOf(file)
	})
})

var _ = Table("CHAIN-21", func(e *Env, row formRow) {
	row.try(e, BeRefusalNamingOneOf("cert.pem"), ServeWholeChainOf)
})

var _ = Table("CHAIN-22", func(e *Env, row formRow) {
	old := row.mint(e)
	server := e.StartOwn(old)
	Expect(e.Handshake(server)).To(ServeExactly(old.Chain()))
	old, took := server.MeasureReload(old)

	for _, form := range row.forms() {
		fresh := row.mint(e)
		text, written, err := fresh.FileIn(form)
		e.Must(err)
		key, err := fresh.KeyFile(pki.None)
		e.Must(err)
		e.Swap("cert.pem", text)
		e.Swap("key.pem", key)
		// A server may refuse handshakes because it has no pair to serve; BYO-18
		// is about that.
		server.ReloadInVain(took,
			ServeCertificatesOf(written), ServeExactly(old.Chain()), BeRefused())
		good := row.mint(e)
		server.Replace(good)
		server.Await(ServeExactly(good.Chain()),
			ServeCertificatesOf(written), ServeExactly(old.Chain()), BeRefused())
		old = good
	}
})

// A formRow describes certificate files in forms that some servers cannot read:
// each of Files in each of the encodings As; see [pki.Form].
type formRow struct {
	Intermediates int
	Files         [][]string
	As            []string
}

func (row formRow) forms() (forms []pki.Form) {
	encodings := row.As
	if len(encodings) == 0 {
		encodings = []string{""}
	}
	for _, blocks := range row.Files {
		for _, as := range encodings {
			forms = append(forms, pki.Form{Blocks: blocks, As: as})
		}
	}
	return forms
}

func (row formRow) mint(e *Env) *pki.Identity {
	return e.Identity(pki.Spec{Intermediates: row.Intermediates})
}

// try starts the target with a good file, as the control, and then with each of
// the row's files, which the target serves or refuses. serve makes the matcher
// for what is served, of the certificates that are written in the file, and of the
// root above them.
func (row formRow) try(
	e *Env, refuse types.GomegaMatcher,
	serve func(written []*x509.Certificate, root *x509.Certificate) types.GomegaMatcher,
) {
	id := row.mint(e)
	control := e.ServeAndStop(id)
	for _, form := range row.forms() {
		text, written, err := id.FileIn(form)
		e.Must(err)
		e.Write("cert.pem", text)
		refusal, seen := e.RefuseOrServe(control.Settings)
		if seen != nil {
			Expect(seen).To(serve(written, id.Root), "a file with %s (a refusal would do too)", form)
		} else {
			Expect(refusal).To(refuse, "a file with %s", form)
		}
	}
}

// commonNames returns the subjects by which messages name certificates.
func commonNames(certs []*x509.Certificate) []string {
	var names []string
	for _, cert := range certs {
		names = append(names, cert.Subject.CommonName)
	}
	return names
}
