package suite

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
	"assay/pebble"
	. "assay/suite/internal/harness"
	. "assay/suite/internal/match"
	"assay/suite/internal/sut"
	"assay/suite/internal/wire"
)

// The specs below judge the chapter acme, a certificate from an ACME CA by either
// challenge type (scenarios/acme.yaml).

var _ = Requirement("ACME-01", func(e *Env) {
	server := e.StartACME()
	seen := e.Handshake(server)
	Expect(seen).To(HaveFullChainTo(e.CA().Root()))
	Expect(seen).To(ServeNamesExactly(e.Hostname))
	Expect(seen).To(HaveAcceptableKey())
	e.ObserveChain("issued", seen)
	e.ObserveIssuance("issuance")
})

var _ = Table("ACME-02", func(e *Env, row struct {
	Dir               string
	Absolute, Omitted bool
	Link              string // "NAME:TO": a symbolic link to a directory that is there
}) {
	var value any = row.Dir
	switch {
	case row.Absolute:
		value = e.Path(row.Dir)
	case row.Omitted:
		value = nil
	}
	e.MkDir("elsewhere")
	at := row.Dir
	if name, to, linked := strings.Cut(row.Link, ":"); linked {
		e.MkCacheDir(to)
		e.Link(name, to)
		at = to + strings.TrimPrefix(row.Dir, name)
	}
	before, list := e.ListBeforeStart()
	cacheDir := Settings{"tls_letsencrypt_cache_dir": value}
	server := e.StartACME(cacheDir, WorkingDir(e.Path("elsewhere")), list)
	seen := e.Handshake(server)
	Expect(seen).To(HaveFullChainTo(e.CA().Root()))

	Expect(e.Path(at)).To(HoldFiles())
	Expect(e.Path("elsewhere")).NotTo(HoldFiles())
	credentials := append(SecretsBelow(e, at),
		string(pki.PEM(seen.Leaf())), string(seen.Leaf().Raw))
	Expect(e.Strays(*before, at, credentials)).To(BeEmpty(),
		"files outside the cache directory with a key of it, or the certificate")
})

var _ = Requirement("ACME-35", func(e *Env) {
	entry, err := pki.AutocertCacheEntry(e.Identity(pki.Spec{
		Names: []string{"other.example.test"}, Age: pki.Left(10*Day, 90*Day), // it is due
	}))
	e.Must(err)
	others := map[string][]byte{
		"cache/other.example.test": entry,
		"cache/README":             []byte("do not touch\n"),
		"cache/lost+found/1":       {7},
	}
	e.MkCacheDir("cache")
	e.MkCacheDir("cache/lost+found")
	names := slices.Sorted(maps.Keys(others))
	for _, name := range names {
		e.Write(name, others[name])
	}
	server := e.StartACME()
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	server.Restart()
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveOrderedOnly(e.Hostname))
	for _, name := range names {
		what := "something else"
		if e.Mode(name) == 0 {
			what = "no such file"
		} else if bytes.Equal(e.Read(name), others[name]) {
			continue
		}
		e.Fail("expected  " + name + " with what another program had written there\nseen      " + what)
	}
})

var _ = Requirement("ACME-29", func(e *Env) {
	stray := e.CacheCertificate("elsewhere/cache", 80*Day, 90*Day)
	server := e.StartACME(WorkingDir(e.Path("elsewhere")))
	seen := e.Handshake(server)
	Expect(seen).NotTo(ServeLeaf(stray.Leaf))
	Expect(seen).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Path("cache")).To(HoldFiles())
})

var _ = Table("ACME-03", func(e *Env, row struct{ After string }) {
	// The target inherits a umask that takes no permission away. No other spec
	// runs in this process at the same time.
	defer syscall.Umask(syscall.Umask(0))
	if row.After == "renewal" {
		old := e.CacheExpiring()
		server := e.StartOffering(e.OwnChallenge())
		expectOldOrRenewed(e, e.Handshake(server), old)
		e.AwaitCached(e.AwaitRenewal(server, old))
		expectPrivate(e, "cache", "the renewed certificate")
		return
	}
	server := e.StartACME()
	seen := e.Handshake(server)
	Expect(seen).To(HaveFullChainTo(e.CA().Root()))
	e.AwaitCached(seen)
	switch row.After {
	case "restart":
		server.Restart()
		Expect(e.Handshake(server)).To(ServeLeaf(seen.Leaf()))
	case "second-key-type":
		second := e.Handshake(server, OtherKeyTypeThan(seen))
		Expect(second).To(BeServedOrRefused(e.CA().Root()))
	}
	Expect(e.Path("cache")).To(HaveMode(0o700))
	expectPrivate(e, "cache", "the certificate")
	if row.After == "issuance" {
		e.ObserveFiles("cache", e.Path("cache"))
	}
})

// expectPrivate expects a directory of the spec's to hold files that only their
// owner may read.
func expectPrivate(e *Env, dir, what string) {
	Expect(e.Path(dir)).To(HoldFiles())
	for _, name := range e.FilesBelow(dir) {
		Expect(e.Path(name)).To(HaveMode(0o600), what)
	}
}

var _ = Requirement("ACME-04", func(e *Env) {
	server := e.StartACME()
	first := e.Handshake(server)
	Expect(first).To(HaveFullChainTo(e.CA().Root()))
	server.Restart()
	Expect(e.Handshake(server)).To(ServeLeaf(first.Leaf()))
	Expect(e.Journal()).To(HaveIssuedLike(first.Leaf(), 1))
})

var _ = Requirement("ACME-05", func(e *Env) {
	before, list := e.ListBeforeStart()
	server := e.StartACME(list)
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	server.Stop()
	for _, name := range e.NewFiles(*before) { // operators keep the cache directory only
		if !strings.HasPrefix(name, "cache/") {
			e.Remove(name)
		}
	}

	second := "second." + e.Hostname
	e.PointHere(second)
	server = e.StartACME(ForName(second))
	Expect(e.Handshake(server, SNI(second))).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveOneAccount())
})

var _ = Table("ACME-06", func(e *Env, row struct {
	Email   *string
	Contact []string
	Slash   bool // at the end of acme_url
}) {
	keys := Settings{"acme_email": nil}
	if row.Email != nil {
		e.NeedsKey("acme_email")
		keys["acme_email"] = e.Expand(*row.Email)
	}
	if row.Slash {
		e.NeedsKey("acme_url")
		keys["acme_url"] = e.CA().DirectoryURLWithSlash()
	}
	server := e.StartACME(keys)
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveRegistered(e.ExpandAll(row.Contact)))
})

var _ = Requirement("ACME-07", func(e *Env) {
	const clients = 50
	server := e.StartACME()
	seen := make([]*wire.Handshake, clients)
	var wait sync.WaitGroup
	for i := range seen {
		wait.Go(func() { seen[i] = e.Handshake(server) })
	}
	wait.Wait()
	for i, h := range seen {
		Expect(h).To(HaveFullChainTo(e.CA().Root()), fmt.Sprintf("client %d of %d", i+1, clients))
	}
	Expect(e.Journal()).To(HaveIssuedOfEachKey(1))
})

var _ = Table("ACME-08", func(e *Env, row struct{ Addresses []netip.Addr }) {
	e.CA().Point(e.Hostname, row.Addresses...)
	server := e.StartACME()
	for _, h := range e.ImpatientHandshakes(server, 20) {
		Expect(h).NotTo(HaveFullChainTo(e.CA().Root()))
	}
	e.ExpectFewAttempts(server)
	Expect(server.Process).To(BeAlive())

	e.PointHere(e.Hostname)
	server.Restart()
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
}, Slow)

var _ = Table("ACME-09", func(e *Env, row struct{ Host string }) {
	e.PointHere6(e.Hostname)
	server := e.StartACME6(e.Expand(row.Host))
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Handshake(server)).To(ServeNamesExactly(e.Hostname))
})

var _ = Table("ACME-10", func(e *Env, row struct{ Hostname, SNI string }) {
	server := e.StartACME(ForName(e.Expand(row.Hostname)))
	seen := e.Handshake(server, SNI(e.Expand(row.SNI)))
	Expect(seen).To(HaveFullChainTo(e.CA().Root()))
	Expect(seen).To(ServeNamesExactly(e.Hostname))
})

var _ = Table("ACME-11", func(e *Env, row struct{ Hostname, Name string }) {
	name := e.Expand(row.Name)
	e.PointHere(name)
	server := e.StartACME(ForName(e.Expand(row.Hostname)))
	seen := e.Handshake(server, SNI(name))
	Expect(seen).To(HaveFullChainTo(e.CA().Root()))
	Expect(seen).To(ServeNamesExactly(name))
})

var _ = Requirement("ACME-12", func(e *Env) {
	server := e.StartACME()
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	files := e.Files()

	for _, h := range strangers(e, server, 200) {
		Expect(h).NotTo(HaveFullChainTo(e.CA().Root()), h.Client.ServerName)
	}
	for _, name := range namesLike(e.Hostname) {
		h := e.ImpatientHandshake(server, SNI(name))
		Expect(h).NotTo(ServeNamesExactly(name), "a certificate for "+name)
	}
	for _, spelling := range spellings(e.Hostname) {
		h := e.ImpatientHandshake(server, SNI(spelling))
		Expect(h).To(BeServedOrRefused(e.CA().Root()), spelling)
	}
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveOrderedOnly(e.Hostname))
	expectNoOrderWasted(e)
	// The server may remove files of the first issuance meanwhile, store certificates for
	// other types of key, and write its log and its own state.
	further := len(e.Journal().Issued()) - 1
	if added := e.NewFiles(files); len(added) > filesOfOne*further {
		e.Fail(fmt.Sprintf("expected  at most %d files that come with handshakes for 200 other names\n"+
			"seen      %s", filesOfOne*further, strings.Join(added, ", ")))
	}
})

// filesOfOne is how many files a server may keep of one certificate: the certificate, its key,
// notes about it, and a lock.
const filesOfOne = 4

// namesLike returns names that are close to a host name, and are not it.
func namesLike(host string) []string {
	label, domain, _ := strings.Cut(host, ".")
	return []string{
		"a" + host, "a-" + host, "a." + host, "www." + host, // the same end
		host + "a", host + ".a", host + "." + host, // the same beginning
		"a" + host + "a", label, domain, label + "." + label + "." + domain,
		strings.ReplaceAll(host, ".", "-") + "." + domain, strings.ReplaceAll(host, ".", ".a."),
	}
}

// spellings returns some of the ways to write a host name in upper and lower case.
func spellings(host string) []string {
	label, domain, _ := strings.Cut(host, ".")
	return []string{
		strings.ToUpper(host), strings.ToUpper(label) + "." + domain,
		label + "." + strings.ToUpper(domain), strings.ToUpper(host[:1]) + host[1:],
	}
}

// strangers lets so many clients come at once, each for another name, and returns
// what each of them saw. They give up early: a server may let a client wait for
// whose name it has no certificate.
func strangers(e *Env, server *Server, clients int) []*wire.Handshake {
	var names atomic.Int64
	return e.InParallel(clients, func() *wire.Handshake {
		return e.ImpatientHandshake(server, SNI(fmt.Sprintf("name%d.example.test", names.Add(1))))
	})
}

var _ = Table("ACME-13", func(e *Env, row struct {
	Client string
	AtOnce bool `yaml:"at_once"`
}) {
	rsaOnly := map[string]ClientOption{
		"tls-1-2-suites":  RSAOnly(),
		"tls-1-2-schemes": Schemes(tls.VersionTLS12, wire.RSASchemes),
		"tls-1-3-schemes": Schemes(tls.VersionTLS13, wire.RSASchemes),
	}[row.Client]
	var server *Server
	if row.AtOnce {
		server = startForBothAtOnce(e, rsaOnly)
	} else {
		server = e.StartACME()
	}
	look := func() (kinds map[x509.PublicKeyAlgorithm]bool) {
		usual, rsa := e.Handshake(server), e.Handshake(server, rsaOnly)
		Expect(usual).To(HaveFullChainTo(e.CA().Root()))
		Expect(rsa).To(HaveFullChainTo(e.CA().Root()))
		return map[x509.PublicKeyAlgorithm]bool{
			usual.Leaf().PublicKeyAlgorithm: true, rsa.Leaf().PublicKeyAlgorithm: true,
		}
	}
	kinds := look()
	server.Restart()
	Expect(look()).To(Equal(kinds), "types of key, before and after a restart")
	Expect(e.Journal()).To(HaveIssuedOfEachKey(1))
})

// meanwhile is how long a client that knows only RSA waits while the first certificate is
// obtained. Nothing announces that a server lets it wait.
const meanwhile = 500 * time.Millisecond

// startForBothAtOnce starts a server to which a client that knows only RSA comes while the
// CA validates for another one, and expects that both are served. A server need not let a
// client wait, and may refuse the second one at once. The challenge is HTTP-01, in which
// each order has an answer at a path of its own.
func startForBothAtOnce(e *Env, rsaOnly ClientOption) *Server {
	e.OfferOnly("http-01")
	hold := e.HoldValidation(80)
	defer hold.Release()
	server := e.StartBy("http-01")
	first := InBackground(func() *wire.Handshake { return e.HandshakeWhenIssued(server) })
	hold.Await()
	second := InBackground(func() *wire.Handshake { return e.Handshake(server, rsaOnly) })
	_, refused := AwaitWithin(e, meanwhile, second)
	hold.Release()
	Expect(<-first).To(HaveFullChainTo(e.CA().Root()))
	if !refused {
		Expect(<-second).To(HaveFullChainTo(e.CA().Root()),
			"a client that knows only RSA, and that came before there was any certificate")
	}
	return server
}

var _ = Requirement("ACME-14", func(e *Env) {
	server := e.StartACME()
	seen := e.Handshake(server, Offering("http/1.1"), KeepOpen)
	defer seen.Close()
	Expect(seen).To(HaveFullChainTo(e.CA().Root()))
	Expect(seen).To(NegotiateAtMost("http/1.1"))
	Expect(e.RequestOn(seen)).To(Answer())

	plain := e.Handshake(server, KeepOpen)
	defer plain.Close()
	Expect(plain).To(Negotiate(""))
	Expect(e.RequestOn(plain)).To(Answer())
})

var _ = Table("ACME-15", func(e *Env, row struct{ Upgrade string }) {
	server := e.StartACME()
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.GetTLS(server, e.HealthPath(), Post("hello", row.Upgrade))).To(Answer())
})

var _ = Table("ACME-16", func(e *Env, row struct{ Offer []string }) {
	seen := e.Handshake(e.StartACME(), Offering(row.Offer...))
	e.ObserveProtocol("offered "+strings.Join(row.Offer, ", "), seen)
})

var _ = Requirement("ACME-17", func(e *Env) {
	server := e.StartACME()
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	server.Stop()

	second := "second." + e.Hostname
	e.PointHere(second)
	server = e.StartACME(ForName(second))
	Expect(e.ImpatientHandshake(server)).To(BeRefused())
	Expect(e.Handshake(server, SNI(second))).To(HaveFullChainTo(e.CA().Root()))
})

var _ = Table("ACME-18", func(e *Env, row struct{ Validity time.Duration }) {
	e.UseCA(func(o *pebble.Options) { o.Validity = row.Validity })
	seen := e.Handshake(e.StartACME())
	if leaf := seen.Leaf(); leaf != nil {
		lifetime := leaf.NotAfter.Sub(leaf.NotBefore).Round(time.Hour)
		e.Observe("chain", "lifetime in hours", lifetime.Hours())
	}
}, TimingDependent) // some versions renew a certificate that lives for days again and again

var _ = Table("ACME-19", func(e *Env, row struct{ Endpoint string }) {
	host, _ := e.World.Host()
	right := e.Identity(pki.Spec{Names: []string{host.String()}})
	wrong, trusted := right, right.RootPEM()
	switch row.Endpoint {
	case "untrusted-root":
		trusted = e.Identity(pki.Spec{}).RootPEM()
	case "other-name":
		wrong = e.Identity(pki.Spec{Names: []string{"ca.example.test"}})
	case "other-address":
		wrong = e.Identity(pki.Spec{Names: []string{host.Next().String()}})
	case "expired":
		over := pki.Spec{Lifetime: time.Hour, Age: 2 * time.Hour}
		over.Names = []string{host.String()}
		wrong = e.Identity(over)
	}
	if wrong != right {
		trusted = wrong.RootPEM()
	}
	e.NeedsKey("acme_url")
	start := func(port int, id *pki.Identity, roots []byte) (*Server, *CAEndpoint) {
		endpoint := e.ServeCA(e.Addr(port), id, "/dir")
		bundle := e.Write(fmt.Sprintf("roots-%d.pem", port), roots)
		url := Settings{"acme_url": "https://" + e.Addr(port) + "/dir"}
		return e.StartACME(url, TrustOnly(bundle)), endpoint
	}
	server, endpoint := start(9443, wrong, trusted)
	Expect(e.ImpatientHandshake(server)).NotTo(HaveFullChainTo(e.CA().Root()))
	Expect(server.Process).To(BeAlive())
	Expect(endpoint.Requests()).To(BeEmpty(), "requests to a CA that cannot be trusted")
	server.Stop()

	control, endpoint := start(9444, right, right.RootPEM())
	Expect(e.Handshake(control)).To(HaveFullChainTo(e.CA().Root()))
	Expect(endpoint.Requests()).NotTo(BeEmpty(), "requests of the control")
})

var _ = Table("ACME-20", func(e *Env, row struct{ Directory string }) {
	trouble := distrust(e)
	url := e.DirectoryURL()
	if row.Directory != "" {
		e.NeedsKey("acme_url")
		e.SkipUnless(row.Directory != unresolvable || e.Resolver != nil,
			"needs a system resolver of the spec's own, to say that a name does not exist")
		url = row.Directory
		trouble = Settings{"acme_url": url}
	}
	control := e.StartACME()
	Expect(e.Handshake(control)).To(HaveFullChainTo(e.CA().Root()))
	control.Stop()
	e.Remove("cache")

	server := e.StartACME(trouble)
	Expect(e.Handshake(server)).NotTo(HaveFullChainTo(e.CA().Root()))
	// Some servers print their configuration when they start.
	wanted := "a line that names " + url + ", unlike those that the control logged about its own"
	server.WaitLog(wanted, func(l sut.Line) bool {
		likeControl := strings.ReplaceAll(l.Words(), url, e.DirectoryURL())
		return strings.Contains(l.Words(), url) && !control.Logged(likeControl)
	})
})

// unresolvable is the URL of a directory whose host never exists (RFC 6761 §6.4).
const unresolvable = "https://acme.invalid/dir"

// distrust makes the target trust another root than that of the CA's endpoint.
func distrust(e *Env) StartOption {
	return TrustOnly(e.Write("other-roots.pem", pki.PEM(e.Identity(pki.Spec{}).Root)))
}

var _ = Table("ACME-21", func(e *Env, row struct{ Challenge string }) {
	port := map[string]int{"http-01": 80, "tls-alpn-01": 443}[row.Challenge]
	hold := e.HoldValidation(port)
	defer hold.Release()
	e.FailRenewal("refused") // the CA refuses the first order as well
	server := e.StartBy(row.Challenge)
	Expect(e.ImpatientHandshake(server)).To(BeRefused())
	e.AwaitFailure()
	server.Stop()
	e.CA().Restore()
	server.Restart()

	first := InBackground(func() *wire.Handshake { return e.HandshakeWhenIssued(server) })
	var secrets, public []string
	plain := ""
	if row.Challenge == "http-01" {
		plain = e.Addr(5080)
		path := hold.AwaitPath()
		public = append(public, path) // as an access log has it: the CA sends it in plain text
		answer := e.Get(plain, path)
		Expect(answer).To(HaveStatus(http.StatusOK))
		secrets = append(secrets, strings.TrimPrefix(path, ChallengePath), strings.TrimSpace(answer.Body))
		Expect(e.Get(plain, ChallengePath)).To(ContainNoneOf(secrets))
	} else {
		hold.Await()
	}
	secrets = append(secrets, SecretsBelow(e, "cache")...) // the challenge's key goes away
	hold.Release()
	Expect(<-first).To(HaveFullChainTo(e.CA().Root()))

	secrets = append(secrets, SecretsBelow(e, "cache")...)
	e.LookForSecrets(server, plain, secrets, ChallengePath, "/"+e.Hostname)
	server.Restart()
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	server.Stop()
	Expect(server.WholeLog()).To(LogNone(secrets, public...))
})

var _ = Table("ACME-30", func(e *Env, row struct{ Challenge, Moment string }) {
	renewal := row.Moment == "renewal"
	if renewal {
		e.NeedsClaim("renewal")
		e.NeedsClaim("autocert")
	}
	e.NeedsClaim(row.Challenge)
	var old *pki.Identity
	if renewal {
		old = e.CacheExpiring()
	}
	server, serves := e.StartIn(row.Challenge)
	if renewal {
		expectOldOrRenewed(e, e.Handshake(server), old)
		e.AwaitCached(e.AwaitRenewal(server, old))
	} else {
		serves()
	}
	Expect(e.Journal()).To(HaveAttemptedOnly(row.Challenge))
	Expect(e.Journal()).To(HaveNoFailedValidation())
	expectNoOrderWasted(e)
	server.Stop()
	others := slices.DeleteFunc([]string{"http-01", "tls-alpn-01", "dns-01"},
		func(challenge string) bool { return challenge == row.Challenge })
	Expect(server.LogSinceReady()).To(MentionNone(others...))
})

// expectNoOrderWasted expects that the server has ordered one certificate, and at most one
// more for another type of key, and that it has obtained them.
func expectNoOrderWasted(e *Env) {
	e.Eventually(func(g Gomega) {
		g.Expect(e.Journal()).To(HaveIssuedEachOrder())
	}, "each order to end in a certificate")
	Expect(e.Journal()).To(HaveIssuedOfEachKey(1))
}

var _ = Requirement("ACME-33", func(e *Env) {
	server := e.StartACME()
	first := e.HandshakeWhenIssued(server)
	Expect(first).To(HaveFullChainTo(e.CA().Root()))
	expectNoOrderWasted(e)

	e.CA().Down()
	modern := e.Handshake(server, TLSVersion(tls.VersionTLS13))
	Expect(modern).To(HaveFullChainTo(e.CA().Root()),
		"for a client of TLS 1.3 alone that takes the same certificates, while the CA is away")
	e.CA().Restore()
	Expect(e.Handshake(server, TLSVersion(tls.VersionTLS13))).To(HaveFullChainTo(e.CA().Root()))
	expectNoOrderWasted(e)
})
