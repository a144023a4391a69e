package suite

import (
	"crypto/tls"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
	. "assay/suite/internal/harness"
	. "assay/suite/internal/match"
	"assay/suite/internal/sut"
)

// The chapter byo: a certificate of the operator's own (scenarios/byo.yaml).

var _ = Requirement("BYO-01", func(e *Env) {
	id := e.Identity(pki.Spec{})
	Expect(e.Handshake(e.StartOwn(id))).To(ServeLeaf(id.Leaf))
})

var _ = Table("BYO-02", func(e *Env, row struct {
	Cert, Key string
	Links     map[string]string
}) {
	id, decoy := e.Identity(pki.Spec{}), e.Identity(pki.Spec{CommonName: "decoy"})
	e.WritePair(id, behind(row.Cert, row.Links), behind(row.Key, row.Links))
	// The same names below the working directory hold another pair.
	e.WritePair(decoy, filepath.Join("elsewhere/here", row.Cert), filepath.Join("elsewhere/here", row.Key))
	for name, to := range row.Links {
		e.Link(name, to)
	}
	e.MkDir("elsewhere/here") // "elsewhere/here/../pki" alone would not make it
	server := e.Start(e.Own(row.Cert, row.Key), WorkingDir(e.Path("elsewhere/here")))
	Expect(e.Handshake(server)).To(ServeLeaf(id.Leaf))
})

// behind is where a path leads, through the row's symbolic links.
func behind(name string, links map[string]string) string {
	if to, ok := links[name]; ok {
		return filepath.Join(filepath.Dir(name), to)
	}
	return name
}

var _ = Requirement("BYO-03", func(e *Env) {
	id, decoy := e.Identity(pki.Spec{}), e.Identity(pki.Spec{CommonName: "decoy"})
	e.WritePair(id, "tls/cert.pem", "tls/key.pem")
	e.WritePair(decoy, "elsewhere/tls/cert.pem", "elsewhere/tls/key.pem")
	server := e.Start(e.Own("tls/cert.pem", "tls/key.pem"), WorkingDir(e.Path("elsewhere")), RelativeConfig)
	Expect(e.Handshake(server)).To(ServeLeaf(id.Leaf))
})

var _ = Table("BYO-04", func(e *Env, row DamagedPair) {
	refusal, _ := e.RefuseDamaged(row)
	Expect(refusal).To(BeRefusal())
})

var _ = Table("BYO-05", func(e *Env, row DamagedPair) {
	refusal, files := e.RefuseDamaged(row)
	var atFault []string
	for _, name := range row.Names {
		atFault = append(atFault, files[name])
	}
	Expect(refusal).To(BeRefusalNamingOneOf(atFault...))
})

var _ = Table("BYO-06", keyIn)

var _ = Table("BYO-07", keyIn)

// keyIn serves a certificate whose key is of a certain type and in a certain
// format.
func keyIn(e *Env, row struct {
	Key    pki.KeyType
	Format pki.KeyFormat
}) {
	id := e.Identity(pki.Spec{Key: row.Key})
	cert, key := e.WritePair(id, "cert.pem", "key.pem")
	text, err := id.KeyPEM(row.Format)
	e.Must(err)
	e.Write("key.pem", text)
	Expect(e.Handshake(e.Start(e.Own(cert, key)))).To(ServeLeaf(id.Leaf))
}

var _ = Table("BYO-08", func(e *Env, row struct{ Form string }) {
	id := e.Identity(pki.Spec{Intermediates: 1})
	cert, key := e.PairAs(row.Form, id)
	Expect(e.Handshake(e.Start(e.Own(cert, key)))).To(ServeExactly(id.Chain()))
})

var _ = Table("BYO-09", func(e *Env, row struct{ SNI string }) {
	id := e.Identity(pki.Spec{})
	server := e.StartOwn(id)
	Expect(e.Handshake(server, SNI(e.Expand(row.SNI)))).To(ServeLeaf(id.Leaf))
})

// versions are the TLS versions as rows name them.
var versions = map[string]uint16{"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

var _ = Table("BYO-10", func(e *Env, row struct{ Version string }) {
	id := e.Identity(pki.Spec{})
	Expect(e.Handshake(e.StartOwn(id), TLSVersion(versions[row.Version]))).To(ServeLeaf(id.Leaf))
})

var _ = Table("BYO-11", func(e *Env, row struct{ Version string }) {
	id := e.Identity(pki.Spec{})
	server := e.StartOwn(id)
	Expect(e.Handshake(server)).To(ServeLeaf(id.Leaf))
	// protocol_version is the alert for it (RFC 8446 §4.2.1); a server without
	// the old ciphers may say handshake_failure.
	const protocolVersion, handshakeFailure, insufficientSecurity = 70, 40, 71
	Expect(e.Handshake(server, TLSVersion(versions[row.Version]))).To(EndInAlert(protocolVersion, handshakeFailure, insufficientSecurity))
})

var _ = Table("BYO-12", func(e *Env, row struct {
	Names     []string
	More      int
	Visit     string
	ByAddress bool `yaml:"by_address"`
}) {
	names := e.ExpandAll(row.Names)
	for n := range row.More {
		names = append(names, fmt.Sprintf("name-%d.%s", n, e.Hostname))
	}
	visit := row.Visit
	if visit == "" {
		visit = names[len(names)-1]
	}
	as := SNI(e.Expand(visit))
	if row.ByAddress {
		as = Visiting(e.Expand(visit))
	}
	id := e.Identity(pki.Spec{Names: names})
	seen := e.Handshake(e.StartOwn(id), as)
	Expect(seen).To(ServeLeaf(id.Leaf))
	Expect(seen).To(HaveFullChainTo(id.Root))
}, MayWarn) // server_url has none of these names

var _ = Table("BYO-13", func(e *Env, row struct{ Version string }) {
	id := e.Identity(pki.Spec{})
	server := e.StartOwn(id)
	seen := e.Handshake(server, TLSVersion(versions[row.Version]), KeepOpen)
	defer seen.Close()
	Expect(seen).To(ServeLeaf(id.Leaf))
	Expect(e.RequestOn(seen)).To(Answer())
	e.Observe("protocol", "client certificate asked for", seen.Requested)
})

var _ = Table("BYO-14", func(e *Env, row struct{ Age, Lifetime time.Duration }) {
	control := e.ServeAndStop(e.Identity(pki.Spec{CommonName: e.Hostname}))
	warned := e.ServeAndStop(e.Identity(pki.Spec{CommonName: e.Hostname, Age: row.Age, Lifetime: row.Lifetime}))
	Expect(warned.Log()).To(WarnUnlike(control.Log(), "tls_cert_path", "certificate", "cert.pem", e.Hostname))
}, MayWarn)

var _ = Table("BYO-15", func(e *Env, row struct{ By string }) {
	first, second := e.Identity(pki.Spec{}), e.Identity(pki.Spec{})
	server := e.StartBehind(row.By, first)
	server.Stop()
	e.ReplaceBy(row.By, second)
	server.Restart()
	Expect(e.Handshake(server)).To(ServeLeaf(second.Leaf))
})

var _ = Table("BYO-16", func(e *Env, row struct{ By string }) {
	first, second := e.Identity(pki.Spec{}), e.Identity(pki.Spec{})
	server := e.StartBehind(row.By, first)
	e.ReplaceBy(row.By, second)
	server.Reload()
	e.Eventually(func(g Gomega) {
		g.Expect(e.Handshake(server)).To(ServeLeaf(second.Leaf))
	}, "the new certificate to be served")
})

var _ = Requirement("BYO-17", func(e *Env) {
	old, fresh := e.Identity(pki.Spec{}), e.Identity(pki.Spec{})
	server := e.StartOwn(old)
	open := e.Handshake(server, KeepOpen)
	defer open.Close()
	Expect(open).To(ServeLeaf(old.Leaf))

	server.Replace(fresh)
	e.AwaitPair(server, old, fresh)
	Expect(e.RequestOn(open)).To(Answer())
})

var _ = Table("BYO-18", func(e *Env, row DamagedPair) {
	old, bad, good := e.Identity(pki.Spec{}), e.Identity(pki.Spec{}), e.Identity(pki.Spec{})
	server := e.StartOwn(old)
	Expect(e.Handshake(server)).To(ServeLeaf(old.Leaf))

	e.DamagePair(row, bad)
	server.ReloadAndAwaitComplaint()
	Expect(e.Handshake(server)).To(ServeLeaf(old.Leaf))

	server.Replace(good)
	e.AwaitPair(server, old, good)
})

var _ = Table("BYO-19", func(e *Env, row DamagedPair) {
	old, bad := e.Identity(pki.Spec{}), e.Identity(pki.Spec{})
	server := e.StartOwn(old)
	Expect(e.Handshake(server)).To(ServeLeaf(old.Leaf))
	blames := func(line sut.Line) bool { return Complains(line) && row.Blames(line.Words()) }
	Expect(slices.ContainsFunc(server.Process.Log().Lines(), blames)).To(BeFalse(), "a complaint about a pair that is good")

	e.DamagePair(row, bad)
	server.Reload()
	server.WaitLog("a line that names the "+strings.Join(row.Names, " or the ")+" file as the one at fault", blames)
}, TimingDependent) // the files are replaced one after the other, which the server may notice in between

var _ = Table("BYO-20", func(e *Env, row struct{ Offer []string }) {
	seen := e.Handshake(e.StartOwn(e.Identity(pki.Spec{})), Offering(row.Offer...))
	e.ObserveProtocol("offered "+strings.Join(row.Offer, ", "), seen)
})

var _ = Requirement("BYO-21", func(e *Env) {
	id := e.Identity(pki.Spec{})
	server := e.StartOwn(id)
	seen := e.Handshake(server, Offering("http/1.1"), KeepOpen)
	defer seen.Close()
	Expect(seen).To(ServeLeaf(id.Leaf))
	Expect(seen).To(Negotiate("http/1.1"))
	Expect(e.RequestOn(seen)).To(Answer())

	plain := e.Handshake(server, KeepOpen)
	defer plain.Close()
	Expect(plain).To(Negotiate(""))
	Expect(e.RequestOn(plain)).To(Answer())
})

var _ = Table("BYO-22", func(e *Env, row struct{ Upgrade string }) {
	id := e.Identity(pki.Spec{})
	server := e.StartOwn(id)
	Expect(e.Handshake(server)).To(ServeLeaf(id.Leaf))
	Expect(e.GetTLS(server, e.HealthPath(), Post("hello", row.Upgrade))).To(Answer())
})

var _ = Table("BYO-23", func(e *Env, row struct{ Names []string }) {
	e.NeedsKey("server_url")
	control := e.ServeAndStop(e.Identity(pki.Spec{CommonName: e.Hostname}))
	warned := e.ServeAndStop(e.Identity(pki.Spec{CommonName: e.Hostname, Names: e.ExpandAll(row.Names)}))
	Expect(warned.Log()).To(WarnUnlike(control.Log(), append(e.AnyNameOf("server_url", "tls_cert_path"), "certificate", "cert.pem", e.Hostname)...))
}, MayWarn)

var _ = Table("BYO-24", func(e *Env, row DamagedPair) {
	id := e.Identity(pki.Spec{})
	server := e.StartOwn(id)
	Expect(e.Handshake(server)).To(ServeLeaf(id.Leaf))
	secrets := SecretsBelow(e, "")
	Expect(secrets).NotTo(BeEmpty(), "private keys in the operator's files")
	e.LookForSecrets(server, "", secrets, "/key.pem")

	e.DamagePair(row, id)
	secrets = append(secrets, SecretsBelow(e, "")...)
	if e.OffersReload() {
		server.ReloadAndAwaitComplaint()
		e.LookForSecrets(server, "", secrets, "/key.pem")
	}
	server.Stop()
	Expect(server.WholeLog()).To(LogNone(secrets))

	refusal := e.Refuse(server.Settings)
	Expect(refusal).To(BeRefusal())
	Expect(refusal).To(ShowNoSecret(secrets))
}, TimingDependent) // the files are replaced one after the other, which the server may notice in between
