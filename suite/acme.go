package suite

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io/fs"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
	"assay/pebble"
	"assay/suite/internal/sut"
	"assay/suite/internal/wire"
)

// The chapter acme: a certificate from an ACME CA, whichever challenge proves
// the name (scenarios/acme.yaml).

var _ = Requirement("ACME-01", func(s *Scenario) {
	server := s.StartACME()
	seen := s.Handshake(server)
	Expect(seen).To(HaveFullChainTo(s.CA().Root()))
	Expect(seen).To(ServeNamesExactly(s.Hostname))
	s.ObserveChain("issued", seen)
	s.ObserveIssuance("issuance")
})

var _ = Table("ACME-02", func(s *Scenario, row struct {
	Dir               string
	Absolute, Omitted bool
}) {
	var value any = row.Dir
	switch {
	case row.Absolute:
		value = s.Path(row.Dir)
	case row.Omitted:
		value = nil
	}
	s.MkDir("elsewhere")
	before, look := s.lookBefore()
	server := s.StartACME(Keys{"tls_letsencrypt_cache_dir": value}, WorkingDir(s.Path("elsewhere")), look)
	seen := s.Handshake(server)
	Expect(seen).To(HaveFullChainTo(s.CA().Root()))

	Expect(s.Path(row.Dir)).To(HoldFiles())
	Expect(s.Path("elsewhere")).NotTo(HoldFiles())
	credentials := append(secretsBelow(s, row.Dir), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: seen.Leaf().Raw})))
	strays := slices.DeleteFunc(s.newFiles(*before), func(name string) bool {
		return strings.HasPrefix(name, row.Dir+"/") || !s.holdsAny(name, credentials)
	})
	Expect(strays).To(BeEmpty(), "files outside the cache directory with a key of it, or the certificate")
})

// lookBefore lists the spec's files, as a start option, when all that Assay
// itself writes for a start is there, and before the server runs.
func (s *Scenario) lookBefore() (*[]string, StartOption) {
	before := new([]string)
	return before, ChangeConfig(func(string) error {
		*before = s.files()
		return nil
	})
}

// holdsAny says whether a file of the spec's directory holds one of these texts.
// What is no file, or is gone by now, does not.
func (s *Scenario) holdsAny(name string, texts []string) bool {
	if info, err := os.Lstat(s.Path(name)); err != nil || !info.Mode().IsRegular() {
		s.must(leftOut(err))
		return false
	}
	content, err := os.ReadFile(s.Path(name))
	s.must(leftOut(err))
	return slices.ContainsFunc(texts, func(text string) bool { return bytes.Contains(content, []byte(text)) })
}

var _ = Requirement("ACME-03", func(s *Scenario) {
	// The target inherits a umask that takes no permission away. No other spec
	// runs in this process at the same time.
	defer syscall.Umask(syscall.Umask(0))
	server := s.StartACME()
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))

	cache := s.Path("cache")
	Expect(cache).To(HoldFiles())
	Expect(cache).To(HaveMode(0o700))
	s.must(filepath.WalkDir(cache, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			Expect(path).To(HaveMode(0o600))
		}
		return err
	}))
	s.ObserveFiles("cache", cache)
})

var _ = Requirement("ACME-04", func(s *Scenario) {
	server := s.StartACME()
	first := s.Handshake(server)
	Expect(first).To(HaveFullChainTo(s.CA().Root()))
	server.Restart()
	Expect(s.Handshake(server)).To(ServeLeaf(first.Leaf()))
	Expect(s.Journal()).To(HaveIssued(1))
})

var _ = Requirement("ACME-05", func(s *Scenario) {
	before, look := s.lookBefore()
	server := s.StartACME(look)
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	server.Stop()
	for _, name := range s.newFiles(*before) { // the cache directory is all that operators keep
		if !strings.HasPrefix(name, "cache/") {
			s.must(os.Remove(s.Path(name)))
		}
	}

	second := "second." + s.Hostname
	s.PointHere(second)
	server = s.StartACME(named(second))
	Expect(s.Handshake(server, SNI(second))).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal()).To(HaveOneAccount())
})

var _ = Table("ACME-06", func(s *Scenario, row struct {
	Email   *string
	Contact []string
}) {
	email := Keys{"acme_email": nil}
	if row.Email != nil {
		email["acme_email"] = s.expand(*row.Email)
	}
	server := s.StartACME(email)
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal()).To(HaveRegistered(s.expandAll(row.Contact)))
})

var _ = Requirement("ACME-07", func(s *Scenario) {
	const clients = 50
	server := s.StartACME()
	seen := make([]*wire.Handshake, clients)
	var wait sync.WaitGroup
	for i := range seen {
		wait.Go(func() { seen[i] = s.Handshake(server) })
	}
	wait.Wait()
	kinds := map[string]bool{}
	for i, h := range seen {
		Expect(h).To(HaveFullChainTo(s.CA().Root()), fmt.Sprintf("client %d of %d", i+1, clients))
		kinds[h.Leaf().PublicKeyAlgorithm.String()] = true
	}
	Expect(s.Journal()).To(HaveIssued(len(kinds)))
})

var _ = Table("ACME-08", func(s *Scenario, row struct{ Addresses []netip.Addr }) {
	s.CA().Point(s.Hostname, row.Addresses...)
	server := s.StartACME()
	for _, h := range s.Knock(server, 20) {
		Expect(h).NotTo(HaveFullChainTo(s.CA().Root()))
	}
	Expect(server).To(Live())
	Expect(s.Journal()).To(HaveSpared(5, 10))

	s.PointHere(s.Hostname)
	server.Restart()
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
})

var _ = Table("ACME-09", func(s *Scenario, row struct{ Host string }) {
	s.PointHere6(s.Hostname)
	server := s.StartACME6(s.expand(row.Host))
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Handshake(server)).To(ServeNamesExactly(s.Hostname))
})

var _ = Table("ACME-10", func(s *Scenario, row struct{ Hostname, SNI string }) {
	server := s.StartACME(named(s.expand(row.Hostname)))
	seen := s.Handshake(server, SNI(s.expand(row.SNI)))
	Expect(seen).To(HaveFullChainTo(s.CA().Root()))
	Expect(seen).To(ServeNamesExactly(s.Hostname))
})

var _ = Table("ACME-11", func(s *Scenario, row struct{ Hostname, Name string }) {
	name := s.expand(row.Name)
	s.PointHere(name)
	server := s.StartACME(named(s.expand(row.Hostname)))
	seen := s.Handshake(server, SNI(name))
	Expect(seen).To(HaveFullChainTo(s.CA().Root()))
	Expect(seen).To(ServeNamesExactly(name))
})

var _ = Requirement("ACME-12", func(s *Scenario) {
	server := s.StartACME()
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	orders, files := s.Journal().Requests(pebble.KindNewOrder), s.files()

	for _, h := range s.strangers(server, 200) {
		Expect(h).NotTo(HaveFullChainTo(s.CA().Root()), h.Client.ServerName)
	}
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal().Requests(pebble.KindNewOrder)).To(Equal(orders), "orders at the CA, before and after handshakes for 200 other names")
	// What the first issuance left to clear away may go in the meantime.
	Expect(files).To(ContainElements(s.files()), "files before handshakes for 200 other names, and after them")
})

// strangers lets so many clients come at once, each for another name, and
// returns what each of them saw. They are impatient: a server may let them wait
// that it has no certificate for.
func (s *Scenario) strangers(server *Server, clients int) []*wire.Handshake {
	var names atomic.Int64
	return s.crowd(clients, func() *wire.Handshake {
		return s.glance(server, SNI(fmt.Sprintf("name%d.example.test", names.Add(1))))
	})
}

var _ = Requirement("ACME-13", func(s *Scenario) {
	server := s.StartACME()
	look := func() (kinds map[x509.PublicKeyAlgorithm]bool) {
		any, rsa := s.Handshake(server), s.Handshake(server, RSAOnly())
		Expect(any).To(HaveFullChainTo(s.CA().Root()))
		Expect(rsa).To(HaveFullChainTo(s.CA().Root()))
		return map[x509.PublicKeyAlgorithm]bool{any.Leaf().PublicKeyAlgorithm: true, rsa.Leaf().PublicKeyAlgorithm: true}
	}
	kinds := look()
	server.Restart()
	Expect(look()).To(Equal(kinds), "types of key, before and after a restart")
	Expect(s.Journal()).To(HaveIssued(len(kinds)))
})

var _ = Requirement("ACME-14", func(s *Scenario) {
	server := s.StartACME()
	seen := s.Handshake(server, Offering("http/1.1"), KeepOpen)
	defer seen.Close()
	Expect(seen).To(HaveFullChainTo(s.CA().Root()))
	Expect(seen).To(Negotiate("http/1.1"))
	Expect(seen).To(StillAnswer())

	plain := s.Handshake(server, KeepOpen)
	defer plain.Close()
	Expect(plain).To(Negotiate(""))
	Expect(plain).To(StillAnswer())
})

var _ = Table("ACME-15", func(s *Scenario, row struct{ Upgrade string }) {
	server := s.StartACME()
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.GetTLS(server, s.HealthPath(), Post("hello", row.Upgrade))).To(Answer())
})

var _ = Table("ACME-16", func(s *Scenario, row struct{ Offer []string }) {
	seen := s.Handshake(s.StartACME(), Offering(row.Offer...))
	s.ObserveProtocol("offered "+strings.Join(row.Offer, ", "), seen)
})

var _ = Requirement("ACME-17", func(s *Scenario) {
	server := s.StartACME()
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	server.Stop()

	second := "second." + s.Hostname
	s.PointHere(second)
	server = s.StartACME(named(second))
	Expect(s.Handshake(server)).To(EndInAnAlert())
	Expect(s.Handshake(server, SNI(second))).To(HaveFullChainTo(s.CA().Root()))
})

var _ = Table("ACME-18", func(s *Scenario, row struct{ Validity time.Duration }) {
	s.UseCA(func(o *pebble.Options) { o.Validity = row.Validity })
	seen := s.Handshake(s.StartACME())
	if leaf := seen.Leaf(); leaf != nil {
		s.Observe("chain", "lifetime in hours", leaf.NotAfter.Sub(leaf.NotBefore).Round(time.Hour).Hours())
	}
}, Unsteady) // a certificate that lives for days is renewed again and again by some versions

var _ = Requirement("ACME-19", func(s *Scenario) {
	server := s.StartACME(s.distrust())
	Expect(s.Handshake(server)).NotTo(HaveFullChainTo(s.CA().Root()))
	Expect(server).To(Live())
	Expect(s.Journal()).To(HaveNoRequests())
	server.Stop()

	trusting := s.StartACME()
	Expect(s.Handshake(trusting)).To(HaveFullChainTo(s.CA().Root()))
})

var _ = Table("ACME-20", func(s *Scenario, row struct{ Directory string }) {
	var trouble any = s.distrust()
	url := s.CA().DirectoryURL()
	if row.Directory != "" {
		s.SkipUnless(row.Directory != unresolvable || s.resolver != nil, "needs a system resolver of the spec's own, to say that a name does not exist")
		url = row.Directory
		trouble = Keys{"acme_url": url}
	}
	control := s.StartACME()
	Expect(s.Handshake(control)).To(HaveFullChainTo(s.CA().Root()))
	control.Stop()
	s.must(os.RemoveAll(s.Path("cache")))

	server := s.StartACME(trouble)
	Expect(s.Handshake(server)).NotTo(HaveFullChainTo(s.CA().Root()))
	// Some servers print their configuration when they start.
	server.WaitLog("a line that names "+url+", unlike those that the control logged about its own", func(l sut.Line) bool {
		return strings.Contains(l.Words(), url) && !control.said(strings.ReplaceAll(l.Words(), url, s.CA().DirectoryURL()))
	})
})

// unresolvable is a directory whose host never exists (RFC 6761 §6.4).
const unresolvable = "https://acme.invalid/dir"

// distrust makes the target trust another root than that of its CA's endpoint.
func (s *Scenario) distrust() StartOption {
	return TrustOnly(s.Write("other-roots.pem", pki.PEM(s.Identity(pki.Spec{}).Root)))
}

// StartACME starts the target with a certificate from the spec's CA, by the
// challenge that it claims; TLS-ALPN-01 where it claims both, since that needs
// no second listener.
func (s *Scenario) StartACME(settings ...any) *Server {
	over, options := Keys{}, []StartOption{}
	for _, setting := range settings {
		switch v := setting.(type) {
		case Keys:
			over = over.with(v)
		case StartOption:
			options = append(options, v)
		}
	}
	if s.plan.target.Claims("tls-alpn-01") {
		return s.Start(s.ALPN01(over), options...)
	}
	return s.Start(s.HTTP01(over), append(options, Forward(80, 5080))...)
}

// StartACME6 is StartACME with every listener on this host, an IPv6 address or
// "[::]".
func (s *Scenario) StartACME6(host string) *Server {
	return s.StartACME(Keys{"listen_addr": host + ":443", "tls_letsencrypt_listen": host + ":5080"})
}

var _ = Table("ACME-21", func(s *Scenario, row struct{ Challenge string }) {
	port := map[string]int{"http-01": 80, "tls-alpn-01": 443}[row.Challenge]
	hold := s.HoldValidation(port)
	defer hold.Release()
	s.failRenewal("refused") // the CA refuses the first order as well
	server := s.startBy(row.Challenge)
	Expect(s.glance(server)).To(BeRefused())
	s.awaitFailure()
	server.Stop()
	s.CA().Restore()
	server.Restart()

	first := background(func() *wire.Handshake { return s.Handshake(server) })
	var secrets []string
	plain := ""
	if row.Challenge == "http-01" {
		plain = s.Addr(5080)
		path := hold.AwaitPath()
		answer := s.Get(plain, path)
		Expect(answer).To(HaveStatus(http.StatusOK))
		secrets = append(secrets, strings.TrimPrefix(path, challengePath), strings.TrimSpace(answer.Body))
		Expect(s.Get(plain, challengePath)).To(HoldNone(secrets))
	} else {
		hold.Await()
	}
	secrets = append(secrets, secretsBelow(s, "cache")...) // the challenge's key may not stay
	hold.Release()
	Expect(<-first).To(HaveFullChainTo(s.CA().Root()))

	secrets = append(secrets, secretsBelow(s, "cache")...)
	s.lookForSecrets(server, plain, secrets, challengePath, "/"+s.Hostname)
	server.Restart()
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	server.Stop()
	Expect(server).To(LogNone(secrets))
})
