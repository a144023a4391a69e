package suite

import (
	"crypto/tls"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
	. "assay/suite/internal/harness"
	"assay/suite/internal/harness/rows"
	. "assay/suite/internal/match"
	"assay/suite/internal/replace"
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
	YAML      bool // only in YAML are the paths sure to mean what they say
}) {
	e.SkipUnless(!row.YAML || e.ReadsYAML(),
		"the path may mean something else in the language of the target's configuration")
	id, decoy := e.Identity(pki.Spec{}), e.Identity(pki.Spec{CommonName: "decoy"})
	e.WritePair(id, behind(e, row.Cert, row.Links), behind(e, row.Key, row.Links))
	// The same names below the working directory hold another pair.
	e.WritePair(decoy, filepath.Join("elsewhere/here", row.Cert),
		filepath.Join("elsewhere/here", row.Key))
	for name, to := range row.Links {
		to = e.Expand(to)
		e.SkipUnless(!filepath.IsAbs(to) || !e.CombinesPair(),
			"where Assay joins the two files, it follows no absolute link")
		e.Link(name, to)
	}
	e.MkDir("elsewhere/here") // "elsewhere/here/../pki" alone would not make it
	server := e.Start(e.Own(row.Cert, row.Key), WorkingDir(e.Path("elsewhere/here")))
	Expect(e.Handshake(server)).To(ServeLeaf(id.Leaf))
})

// behind returns where a path leads through the row's symbolic links.
func behind(e *Env, name string, links map[string]string) string {
	to, ok := links[name]
	if !ok {
		return name
	}
	if below, absolute := strings.CutPrefix(e.Expand(to), e.Dir+"/"); absolute {
		return below
	}
	return filepath.Join(filepath.Dir(name), to)
}

var _ = Requirement("BYO-03", func(e *Env) {
	id, decoy := e.Identity(pki.Spec{}), e.Identity(pki.Spec{CommonName: "decoy"})
	e.WritePair(id, "tls/cert.pem", "tls/key.pem")
	e.WritePair(decoy, "elsewhere/tls/cert.pem", "elsewhere/tls/key.pem")
	server := e.Start(e.Own("tls/cert.pem", "tls/key.pem"),
		WorkingDir(e.Path("elsewhere")), RelativeConfig)
	Expect(e.Handshake(server)).To(ServeLeaf(id.Leaf))
})

var _ = Table("BYO-04", func(e *Env, row DamagedPair) {
	refusal, seen, id, _ := e.RefuseDamaged(row)
	if seen != nil {
		Expect(seen).To(ServeExactly(id.Chain()), "what the files hold, or a refusal")
		return
	}
	Expect(refusal).To(BeRefusal())
})

var _ = Table("BYO-05", func(e *Env, row DamagedPair) {
	refusal, seen, id, files := e.RefuseDamaged(row)
	if seen != nil {
		Expect(seen).To(ServeExactly(id.Chain()), "what the files hold, or a refusal")
		return
	}
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
	seen := e.Handshake(e.Start(e.Own(cert, key)))
	Expect(seen).To(ServeLeaf(id.Leaf))
	Expect(seen).To(HaveFullChainTo(id.Root))
})

var _ = Table("BYO-09", func(e *Env, row struct{ SNI string }) {
	id := e.Identity(pki.Spec{})
	server := e.StartOwn(id)
	Expect(e.Handshake(server, SNI(e.Expand(row.SNI)))).To(ServeLeaf(id.Leaf))
})

var _ = Table("BYO-10", func(e *Env, row struct{ Version string }) {
	id := e.Identity(pki.Spec{})
	Expect(e.Handshake(e.StartOwn(id), TLSVersion(TLSVersions[row.Version]))).To(ServeLeaf(id.Leaf))
})

var _ = Table("BYO-11", func(e *Env, row struct {
	Version  string
	Reloaded bool
	ACME     bool
}) {
	var server *Server
	if row.ACME {
		e.NeedsClaim("acme")
		server = e.StartACME()
		Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	} else {
		id := e.Identity(pki.Spec{})
		server = e.StartOwn(id)
		Expect(e.Handshake(server)).To(ServeLeaf(id.Leaf))
		if row.Reloaded {
			e.SkipUnless(e.OffersReload(), "the target file declares no reload")
			fresh := e.Identity(pki.Spec{})
			server.Replace(fresh)
			e.AwaitPairOrRefusal(server, id, fresh)
		}
	}
	// The alert is protocol_version (RFC 8446 §4.2.1). A server that only lacks what
	// the old versions need, such as signatures with SHA-1, sends another one.
	seen := e.Handshake(server, TLSVersion(TLSVersions[row.Version]))
	Expect(seen).To(EndInAlert())
})

var _ = Table("BYO-12", func(e *Env, row struct {
	Names     []string
	More      int
	Visit     string
	ByAddress bool `yaml:"by_address"`
	NoSubject bool `yaml:"no_subject"`
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
	id := e.Identity(pki.Spec{Names: names, NoSubject: row.NoSubject})
	seen := e.Handshake(e.StartOwn(id), as)
	Expect(seen).To(ServeLeaf(id.Leaf))
	Expect(seen).To(HaveFullChainTo(id.Root))
}, MayWarn) // server_url has none of these names

var _ = Table("BYO-13", func(e *Env, row struct{ Version string }) {
	id := e.Identity(pki.Spec{})
	server := e.StartOwn(id)
	seen := e.Handshake(server, TLSVersion(TLSVersions[row.Version]), KeepOpen)
	defer seen.Close()
	Expect(seen).To(ServeLeaf(id.Leaf))
	Expect(e.RequestOn(seen)).To(Answer())
	e.Observe("protocol", "client certificate asked for", seen.Requested)
})

var _ = Table("BYO-14", func(e *Env, row struct{ Age, Lifetime time.Duration }) {
	control := e.ServeAndStop(e.Identity(pki.Spec{CommonName: e.Hostname}))
	spec := pki.Spec{CommonName: e.Hostname, Age: row.Age, Lifetime: row.Lifetime}
	warned := e.ServeAndStop(e.Identity(spec))
	Expect(
		warned.Log(),
	).To(WarnUnlike(control.Log(), "tls_cert_path", "certificate", "cert.pem", e.Hostname))
}, MayWarn)

var _ = Table("BYO-15", func(e *Env, way replace.Way) {
	first := e.Identity(pki.Spec{})
	server, place := e.StartInPlace(way, first)
	server.Stop()
	second := e.Successor(way, first)
	place.Put(way, second)
	server.Restart()
	Expect(e.Handshake(server)).To(ServeLeaf(second.Leaf))
})

var _ = Table("BYO-16", func(e *Env, way replace.Way) {
	first := e.Identity(pki.Spec{})
	server, place := e.StartInPlace(way, first)
	place.Replace(server, way, first)
})

var _ = Requirement("BYO-17", func(e *Env) {
	old, fresh := e.Identity(pki.Spec{}), e.Identity(pki.Spec{})
	server := e.StartOwn(old)
	began := time.Now()
	open, idle := e.Handshake(server, KeepOpen), e.Handshake(server, KeepOpen)
	defer open.Close()
	defer idle.Close()
	Expect(open).To(ServeLeaf(old.Leaf))
	Expect(idle).To(ServeLeaf(old.Leaf))

	server.Replace(fresh)
	e.AwaitPair(server, old, fresh)
	answer := e.RequestOn(open)

	// A server may cut old connections only after a while. One that ends idle
	// connections anyway ends the control's too, when it is as old.
	const while = 3 * time.Second
	if answer.Err != nil || e.Ends(idle, while) {
		age := time.Since(began)
		control := e.Handshake(server, KeepOpen)
		defer control.Close()
		Expect(control).To(ServeLeaf(fresh.Leaf))
		Expect(e.Ends(control, age+time.Second)).To(BeTrue(),
			"a connection from before the reload was cut; one from after it lives on")
		return
	}
	Expect(e.RequestOn(idle)).To(Answer(), "on a connection from before, a while after the reload")
}, Slow)

var _ = Table("BYO-18", func(e *Env, row DamagedPair) {
	old, bad, good := e.Identity(pki.Spec{}), e.Identity(pki.Spec{}), e.Identity(pki.Spec{})
	server := e.StartOwn(old)
	Expect(e.Handshake(server)).To(ServeLeaf(old.Leaf))
	old, took := server.MeasureReload(old)

	e.DamagePair(row, bad)
	server.ReloadInVain(took, ServeLeaf(old.Leaf))

	server.Replace(good)
	e.AwaitPair(server, old, good)
})

var _ = Table("BYO-19", func(e *Env, row DamagedPair) {
	first, old, bad := e.Identity(pki.Spec{}), e.Identity(pki.Spec{}), e.Identity(pki.Spec{})
	good := e.Identity(pki.Spec{})
	blames := func(line sut.Line) bool { return Complains(line) && row.Blames(line.Words()) }
	server := e.StartOwn(first)
	Expect(e.Handshake(server)).To(ServeLeaf(first.Leaf))

	// A server that has taken up a pair listens for the signal, and will not miss
	// the one about the bad pair.
	server.Replace(old)
	e.AwaitPairOrRefusal(server, first, old)
	if slices.ContainsFunc(server.Log(), blames) {
		// It may have seen one file of the new pair beside the other of the old one, which
		// is a complaint about a bad pair.
		server.Restart()
		Expect(e.Handshake(server)).To(ServeLeaf(old.Leaf))
	}

	// What the server says when the same pair is written again is no complaint.
	e.SwapPair(old, pki.None)
	server.ReloadAndAwaitLine()
	Expect(e.HandshakeAfterSignal(server)).To(ServeLeaf(old.Leaf))
	control := server.Log()

	file := "a line that names the " + strings.Join(row.Names,
		" or the ") + " file as the one at fault"
	told := func(expected string, wanted func(sut.Line) bool) {
		e.DamagePair(row, bad)
		server.Reload()
		defer server.KeepReloading()()
		e.Handshake(server) // some servers read the files at each handshake
		server.WaitLog(expected, wanted)
	}
	isNew := func(line sut.Line) bool { return blames(line) && !e.Said(control, line.Words()) }
	told(file+", unlike all lines about a good pair", isNew)

	// The same damage comes again, such as a second time that the disk is full.
	server.Replace(good)
	e.AwaitPairOrRefusal(server, old, good)
	mark := server.Process.Log().Mark()
	told(file+", when the same bad pair comes again", func(sut.Line) bool {
		return slices.ContainsFunc(server.Process.Log().Since(mark), isNew)
	})
}, TimingDependent) // the server may notice that one file is replaced before the other one is

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
	Expect(seen).To(NegotiateAtMost("http/1.1"))
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

var _ = Table("BYO-23", func(e *Env, row rows.CoveredName) {
	e.NeedsKey("server_url")
	host := row.HostOf(e)
	plain, listed := row.ControlOf(e)
	control := e.ServeAndStop(
		e.Identity(pki.Spec{CommonName: e.Hostname, Names: listed}),
		Settings{"server_url": plain},
	)
	warned := e.ServeAndStop(
		e.Identity(pki.Spec{CommonName: e.Hostname, Names: e.ExpandAll(row.Names)}),
		Settings{"server_url": row.URLOf(e)},
	)
	words := append(e.AnyNameOf("server_url", "tls_cert_path"), "certificate", "cert.pem", host)
	warning := WarnUnlike(control.Log(), words...)
	if row.Covered {
		Expect(warned.Log()).NotTo(warning)
	} else {
		Expect(warned.Log()).To(warning)
	}
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
		for _, page := range []string{"/", "/key.pem"} {
			// A server that refuses handshakes now shows nothing.
			if answer := e.GetTLS(server, page); answer.Err == nil {
				Expect(answer).To(ContainNoneOf(secrets))
			}
		}
	}
	server.Stop()
	Expect(server.WholeLog()).To(LogNone(secrets))

	if row.MayServe {
		if refusal, seen := e.RefuseOrServe(server.Settings); seen == nil {
			Expect(refusal).To(ShowNoSecret(secrets))
		}
		return
	}
	refusal := e.Refuse(server.Settings)
	Expect(refusal).To(BeRefusal())
	Expect(refusal).To(ShowNoSecret(secrets))
}, TimingDependent) // the server may notice that one file is replaced before the other one is

var _ = Requirement("BYO-30", func(e *Env) {
	e.SkipUnless(e.OffersReload(), "the target file declares no reload")
	// The new pair differs from the old one in everything; BYO-31 is about pairs
	// that differ in less.
	old, fresh := e.Identity(pki.Spec{}), e.Identity(pki.Spec{
		Intermediates: 1, Lifetime: pki.DefaultLifetime + 24*time.Hour,
	})
	server := e.StartOwn(old)
	Expect(e.Handshake(server)).To(ServeLeaf(old.Leaf))
	server.Replace(fresh)
	e.AwaitPairOrRefusal(server, old, fresh)
})

var _ = Table("BYO-31", func(e *Env, row struct {
	By    replace.By
	Files replace.Files
	Busy  bool
	Steps []replace.Way
}) {
	pair := e.Identity(pki.Spec{})
	first := pair
	server, place := e.StartInPlace(replace.Way{By: row.By, Files: row.Files}, pair)
	if row.Busy {
		defer place.KeepBusy()()
	}
	for _, way := range row.Steps {
		pair = place.Replace(server, way, pair)
	}
	place.Return(server, pair, first)
}, Slow)

var _ = Table("BYO-32", func(e *Env, way replace.Way) {
	pair := e.Identity(pki.Spec{})
	server, place := e.StartInPlace(way, pair)
	for range 2 {
		pair = place.Replace(server, way, pair)
	}
})

var _ = Table("BYO-33", func(e *Env, row struct {
	Offer    []string
	Version  string
	Reloaded bool
}) {
	id := e.Identity(pki.Spec{})
	server := e.StartOwn(id)
	if row.Reloaded {
		e.SkipUnless(e.OffersReload(), "the target file declares no reload")
		old := id
		// A server that serves a client has its handler of signals in place.
		Expect(e.Handshake(server)).To(ServeLeaf(old.Leaf))
		id = e.Identity(pki.Spec{})
		server.Replace(id)
		e.AwaitPairOrRefusal(server, old, id)
	}
	control := e.Handshake(server, KeepOpen)
	defer control.Close()
	Expect(control).To(ServeLeaf(id.Leaf))
	e.ExpectTwoAnswers(control, "without ALPN")

	options := []ClientOption{Offering(row.Offer...), KeepOpen}
	if row.Version != "" {
		options = append(options, TLSVersion(TLSVersions[row.Version]))
	}
	seen := e.Handshake(server, options...)
	defer seen.Close()
	if _, refused := seen.Alert(); refused {
		return // no protocol was negotiated (RFC 7301 §3.2)
	}
	Expect(seen).To(Complete())
	offered := append(row.Offer, "")
	Expect(offered).To(ContainElement(seen.State.NegotiatedProtocol), "what was offered, or none")
	e.ExpectTwoAnswers(seen, fmt.Sprintf("by the protocol %q", seen.State.NegotiatedProtocol))
})

var _ = Table("BYO-35", func(e *Env, row struct{ Old, New pki.KeyType }) {
	old := e.Identity(pki.Spec{Key: row.Old})
	server := e.StartOwn(old)
	clients := map[string][]ClientOption{
		"a client without a server name":    {SNI("")},
		"a client with another server name": {SNI("other.example.test")},
		"a client with TLS 1.2 alone":       {TLSVersion(tls.VersionTLS12)},
		"a client with TLS 1.3 alone":       {TLSVersion(tls.VersionTLS13)},
		"a client with ALPN":                {Offering("h2", "http/1.1")},
	}
	for _, client := range slices.Sorted(maps.Keys(clients)) {
		Expect(e.Handshake(server, clients[client]...)).To(ServeLeaf(old.Leaf), client)
	}
	sessions := map[string]ClientOption{}
	for name, version := range TLSVersions {
		if version >= tls.VersionTLS12 {
			sessions[name] = e.TakeSession(server, TLSVersion(version))
		}
	}
	fresh := e.Identity(pki.Spec{Key: row.New})
	server.Replace(fresh)
	e.AwaitPairOrRefusal(server, old, fresh)
	for _, name := range slices.Sorted(maps.Keys(sessions)) {
		resumed := e.HandshakeAfterSignal(server, TLSVersion(TLSVersions[name]), sessions[name])
		// A session that is resumed keeps the certificate with which it began.
		Expect(resumed).To(SatisfyAny(ServeLeaf(fresh.Leaf), ServeLeaf(old.Leaf)),
			"a client that resumes a session from before the reload, by TLS "+name)
	}
	for _, client := range slices.Sorted(maps.Keys(clients)) {
		Expect(e.HandshakeAfterSignal(server, clients[client]...)).To(ServeLeaf(fresh.Leaf), client)
	}
})

var _ = Table("BYO-34", func(e *Env, row struct {
	Only     []string
	Relative bool
}) {
	id := e.Identity(pki.Spec{})
	e.WritePair(id, "tls/cert.pem", "tls/key.pem")
	e.WritePair(id, "elsewhere/tls/cert.pem", "elsewhere/tls/key.pem")
	options := []StartOption{WorkingDir(e.Path("elsewhere"))}
	if row.Relative {
		options = append(options, RelativeConfig)
	}
	control := e.Start(e.Own("tls/cert.pem", "tls/key.pem"), options...)
	Expect(e.Handshake(control)).To(ServeLeaf(id.Leaf))
	control.Stop()

	for _, name := range row.Only {
		e.Remove(e.Path("tls", name+".pem"))
	}
	Expect(e.Refuse(control.Settings, options...)).To(BeRefusal())
})

var _ = Table("BYO-37", func(e *Env, row struct {
	DamagedPair `yaml:",inline"`
	Unchanged   bool
}) {
	pair := e.Identity(pki.Spec{})
	server := e.StartOwn(pair)
	Expect(e.Handshake(server)).To(ServeLeaf(pair.Leaf))
	takeUp := func() {
		fresh := e.Identity(pki.Spec{})
		server.Replace(fresh)
		e.AwaitPairOrRefusal(server, pair, fresh)
		pair = fresh
	}
	next, what := takeUp, "further reloads"
	if row.Unchanged {
		takeUp()
		next, what = func() {
			e.SwapPair(pair, pki.None) // for servers that watch their files
			server.ReloadAndAwaitLine()
		}, "further reloads of what has not changed"
	} else if row.Cert != pki.None || row.Key != pki.None {
		takeUp() // a server that has taken up a pair listens for the signal
		next, what = func() {
			e.DamagePair(row.DamagedPair, pair)
			server.ReloadAndAwaitComplaint()
			_, ended := server.Process.EndedByItself()
			e.SkipUnless(!ended, "the server ended at a bad pair, which BYO-18 is about")
		}, "further pairs that cannot be used"
	}
	// A server may open some files at its first reloads alone.
	next()
	next()
	before := e.OpenFiles(server)
	began, reloads := time.Now(), 0
	for reloads < reloadsAtMost && (reloads < reloadsAtLeast || time.Since(began) < reloadsFor) {
		next()
		reloads++
	}
	most := before + reloads/2
	// A server with a garbage collector may close files when it collects, which it
	// does sooner if it has something to do.
	for more := 0; more < reloadsAtMost/2 && e.OpenFiles(server) > most; more++ {
		takeUp()
	}
	e.EventuallyOpen(server, most, fmt.Sprintf("after %d %s", reloads, what))
}, Slow)

// How often a pair is replaced to see what a reload leaves behind. Servers that look at
// their files now and then take seconds for each.
const (
	reloadsAtLeast = 6
	reloadsAtMost  = 24
	reloadsFor     = 5 * time.Second
)
