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
	"assay/suite/internal/sut"
)

// The chapter byo: a certificate of the operator's own (scenarios/byo.yaml).

var _ = Requirement("BYO-01", func(s *Scenario) {
	id := s.Identity(pki.Spec{})
	Expect(s.Handshake(s.StartOwn(id))).To(ServeLeaf(id.Leaf))
})

var _ = Table("BYO-02", func(s *Scenario, row struct {
	Cert, Key string
	Links     map[string]string
}) {
	id, decoy := s.Identity(pki.Spec{}), s.Identity(pki.Spec{CommonName: "decoy"})
	s.WritePair(id, behind(row.Cert, row.Links), behind(row.Key, row.Links))
	// The same names below the working directory hold another pair.
	s.WritePair(decoy, filepath.Join("elsewhere/here", row.Cert), filepath.Join("elsewhere/here", row.Key))
	for name, to := range row.Links {
		s.Link(name, to)
	}
	s.MkDir("elsewhere/here") // "elsewhere/here/../pki" alone would not make it
	server := s.Start(s.Own(row.Cert, row.Key), WorkingDir(s.Path("elsewhere/here")))
	Expect(s.Handshake(server)).To(ServeLeaf(id.Leaf))
})

// behind is where a path leads, through the row's symbolic links.
func behind(name string, links map[string]string) string {
	if to, ok := links[name]; ok {
		return filepath.Join(filepath.Dir(name), to)
	}
	return name
}

var _ = Requirement("BYO-03", func(s *Scenario) {
	id, decoy := s.Identity(pki.Spec{}), s.Identity(pki.Spec{CommonName: "decoy"})
	s.WritePair(id, "tls/cert.pem", "tls/key.pem")
	s.WritePair(decoy, "elsewhere/tls/cert.pem", "elsewhere/tls/key.pem")
	server := s.Start(s.Own("tls/cert.pem", "tls/key.pem"), WorkingDir(s.Path("elsewhere")), RelativeConfig)
	Expect(s.Handshake(server)).To(ServeLeaf(id.Leaf))
})

var _ = Table("BYO-04", func(s *Scenario, row damaged) {
	refusal, _ := s.refuseDamaged(row)
	Expect(refusal).To(BeRefusal())
})

var _ = Table("BYO-05", func(s *Scenario, row damaged) {
	refusal, files := s.refuseDamaged(row)
	var atFault []string
	for _, name := range row.Names {
		atFault = append(atFault, files[name])
	}
	Expect(refusal).To(BeRefusalNamingOneOf(atFault...))
})

var _ = Table("BYO-06", (*Scenario).keyIn)

var _ = Table("BYO-07", (*Scenario).keyIn)

// keyIn serves a certificate whose key is of a certain type and in a certain
// format.
func (s *Scenario) keyIn(row struct {
	Key    pki.KeyType
	Format pki.KeyFormat
}) {
	id := s.Identity(pki.Spec{Key: row.Key})
	cert, key := s.WritePair(id, "cert.pem", "key.pem")
	text, err := id.KeyPEM(row.Format)
	s.must(err)
	s.Write("key.pem", text)
	Expect(s.Handshake(s.Start(s.Own(cert, key)))).To(ServeLeaf(id.Leaf))
}

var _ = Table("BYO-08", func(s *Scenario, row struct{ Form string }) {
	id := s.Identity(pki.Spec{Intermediates: 1})
	cert, key := s.pairAs(row.Form, id)
	Expect(s.Handshake(s.Start(s.Own(cert, key)))).To(ServeExactly(id.Chain()))
})

var _ = Table("BYO-09", func(s *Scenario, row struct{ SNI string }) {
	id := s.Identity(pki.Spec{})
	server := s.StartOwn(id)
	Expect(s.Handshake(server, SNI(s.expand(row.SNI)))).To(ServeLeaf(id.Leaf))
})

// versions are the TLS versions as rows name them.
var versions = map[string]uint16{"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

var _ = Table("BYO-10", func(s *Scenario, row struct{ Version string }) {
	id := s.Identity(pki.Spec{})
	Expect(s.Handshake(s.StartOwn(id), Version(versions[row.Version]))).To(ServeLeaf(id.Leaf))
})

var _ = Table("BYO-11", func(s *Scenario, row struct{ Version string }) {
	id := s.Identity(pki.Spec{})
	server := s.StartOwn(id)
	Expect(s.Handshake(server)).To(ServeLeaf(id.Leaf))
	// protocol_version is the alert for it (RFC 8446 §4.2.1); a server without
	// the old ciphers may say handshake_failure.
	const protocolVersion, handshakeFailure, insufficientSecurity = 70, 40, 71
	Expect(s.Handshake(server, Version(versions[row.Version]))).To(EndInAlert(protocolVersion, handshakeFailure, insufficientSecurity))
})

var _ = Table("BYO-12", func(s *Scenario, row struct {
	Names     []string
	More      int
	Visit     string
	ByAddress bool `yaml:"by_address"`
}) {
	names := s.expandAll(row.Names)
	for n := range row.More {
		names = append(names, fmt.Sprintf("name-%d.%s", n, s.Hostname))
	}
	visit := row.Visit
	if visit == "" {
		visit = names[len(names)-1]
	}
	as := SNI(s.expand(visit))
	if row.ByAddress {
		as = Visiting(s.expand(visit))
	}
	id := s.Identity(pki.Spec{Names: names})
	seen := s.Handshake(s.StartOwn(id), as)
	Expect(seen).To(ServeLeaf(id.Leaf))
	Expect(seen).To(HaveFullChainTo(id.Root))
}, Warned) // server_url has none of these names

var _ = Table("BYO-13", func(s *Scenario, row struct{ Version string }) {
	id := s.Identity(pki.Spec{})
	server := s.StartOwn(id)
	seen := s.Handshake(server, Version(versions[row.Version]), KeepOpen)
	defer seen.Close()
	Expect(seen).To(ServeLeaf(id.Leaf))
	Expect(s.Ask(seen)).To(Answer())
	s.Observe("protocol", "client certificate asked for", seen.Requested)
})

var _ = Table("BYO-14", func(s *Scenario, row struct{ Age, Lifetime time.Duration }) {
	control := s.serveAndStop(s.Identity(pki.Spec{CommonName: s.Hostname}))
	warned := s.serveAndStop(s.Identity(pki.Spec{CommonName: s.Hostname, Age: row.Age, Lifetime: row.Lifetime}))
	Expect(warned.Log()).To(WarnUnlike(control.Log(), "tls_cert_path", "certificate", "cert.pem", s.Hostname))
}, Warned)

var _ = Table("BYO-15", func(s *Scenario, row struct{ By string }) {
	first, second := s.Identity(pki.Spec{}), s.Identity(pki.Spec{})
	server := s.startBehind(row.By, first)
	server.Stop()
	s.renewBy(row.By, second)
	server.Restart()
	Expect(s.Handshake(server)).To(ServeLeaf(second.Leaf))
})

var _ = Table("BYO-16", func(s *Scenario, row struct{ By string }) {
	first, second := s.Identity(pki.Spec{}), s.Identity(pki.Spec{})
	server := s.startBehind(row.By, first)
	s.renewBy(row.By, second)
	server.Reload()
	s.Eventually(func(g Gomega) {
		g.Expect(s.Handshake(server)).To(ServeLeaf(second.Leaf))
	}, "the new certificate to be served")
})

var _ = Requirement("BYO-17", func(s *Scenario) {
	old, fresh := s.Identity(pki.Spec{}), s.Identity(pki.Spec{})
	server := s.StartOwn(old)
	open := s.Handshake(server, KeepOpen)
	defer open.Close()
	Expect(open).To(ServeLeaf(old.Leaf))

	server.Replace(fresh)
	s.AwaitPair(server, old, fresh)
	Expect(s.Ask(open)).To(Answer())
})

var _ = Table("BYO-18", func(s *Scenario, row damaged) {
	old, bad, good := s.Identity(pki.Spec{}), s.Identity(pki.Spec{}), s.Identity(pki.Spec{})
	server := s.StartOwn(old)
	Expect(s.Handshake(server)).To(ServeLeaf(old.Leaf))

	s.damagePair(row, bad)
	server.ReloadBad()
	Expect(s.Handshake(server)).To(ServeLeaf(old.Leaf))

	server.Replace(good)
	s.AwaitPair(server, old, good)
})

var _ = Table("BYO-19", func(s *Scenario, row damaged) {
	old, bad := s.Identity(pki.Spec{}), s.Identity(pki.Spec{})
	server := s.StartOwn(old)
	Expect(s.Handshake(server)).To(ServeLeaf(old.Leaf))
	blames := func(line sut.Line) bool { return complaint.MatchString(line.Words()) && row.names(line.Words()) }
	Expect(slices.ContainsFunc(server.Process.Log().Lines(), blames)).To(BeFalse(), "a complaint about a pair that is good")

	s.damagePair(row, bad)
	server.Reload()
	server.WaitLog("a line that names the "+strings.Join(row.Names, " or the ")+" file as the one at fault", blames)
}, Unsteady) // the files are replaced one after the other, which the server may notice in between

var _ = Table("BYO-20", func(s *Scenario, row struct{ Offer []string }) {
	seen := s.Handshake(s.StartOwn(s.Identity(pki.Spec{})), Offering(row.Offer...))
	s.ObserveProtocol("offered "+strings.Join(row.Offer, ", "), seen)
})

var _ = Requirement("BYO-21", func(s *Scenario) {
	id := s.Identity(pki.Spec{})
	server := s.StartOwn(id)
	seen := s.Handshake(server, Offering("http/1.1"), KeepOpen)
	defer seen.Close()
	Expect(seen).To(ServeLeaf(id.Leaf))
	Expect(seen).To(Negotiate("http/1.1"))
	Expect(s.Ask(seen)).To(Answer())

	plain := s.Handshake(server, KeepOpen)
	defer plain.Close()
	Expect(plain).To(Negotiate(""))
	Expect(s.Ask(plain)).To(Answer())
})

var _ = Table("BYO-22", func(s *Scenario, row struct{ Upgrade string }) {
	id := s.Identity(pki.Spec{})
	server := s.StartOwn(id)
	Expect(s.Handshake(server)).To(ServeLeaf(id.Leaf))
	Expect(s.GetTLS(server, s.HealthPath(), Post("hello", row.Upgrade))).To(Answer())
})

var _ = Table("BYO-23", func(s *Scenario, row struct{ Names []string }) {
	s.NeedsKey("server_url")
	control := s.serveAndStop(s.Identity(pki.Spec{CommonName: s.Hostname}))
	warned := s.serveAndStop(s.Identity(pki.Spec{CommonName: s.Hostname, Names: s.expandAll(row.Names)}))
	Expect(warned.Log()).To(WarnUnlike(control.Log(), append(s.called("server_url", "tls_cert_path"), "certificate", "cert.pem", s.Hostname)...))
}, Warned)

var _ = Table("BYO-24", func(s *Scenario, row damaged) {
	id := s.Identity(pki.Spec{})
	server := s.StartOwn(id)
	Expect(s.Handshake(server)).To(ServeLeaf(id.Leaf))
	secrets := secretsBelow(s, "")
	Expect(secrets).NotTo(BeEmpty(), "private keys in the operator's files")
	s.lookForSecrets(server, "", secrets, "/key.pem")

	s.damagePair(row, id)
	secrets = append(secrets, secretsBelow(s, "")...)
	if s.OffersReload() {
		server.ReloadBad()
		s.lookForSecrets(server, "", secrets, "/key.pem")
	}
	server.Stop()
	Expect(server.WholeLog()).To(LogNone(secrets))

	refusal := s.Refuse(server.Keys)
	Expect(refusal).To(BeRefusal())
	Expect(refusal).To(TellNone(secrets))
}, Unsteady) // the files are replaced one after the other, which the server may notice in between

// expand fills a row's text with what only the spec knows.
func (s *Scenario) expand(text string) string {
	v4, v6 := s.World.Host()
	return strings.NewReplacer("{hostname}", s.Hostname, "{HOSTNAME}", strings.ToUpper(s.Hostname), "{v4}", v4.String(), "{v6}", v6.String(), "{dir}", s.Dir).Replace(text)
}

// expandAll is expand for each text of a list.
func (s *Scenario) expandAll(texts []string) []string {
	all := []string{}
	for _, text := range texts {
		all = append(all, s.expand(text))
	}
	return all
}
