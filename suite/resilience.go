package suite

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
	"assay/pebble"
	. "assay/suite/internal/harness"
	. "assay/suite/internal/match"
	"assay/suite/internal/wire"
)

// A noHello describes what a peer sends instead of a ClientHello, as the rows of the
// catalogue have it.
type noHello struct {
	Name  string // for messages
	Hex   string // the bytes to send
	Times int    // how often to send them; 0 means once
	Hello string // how a ClientHello is changed that is sent instead of Hex
}

// bytes returns what the peer sends; hello is a good ClientHello.
func (n noHello) bytes(hello []byte) ([]byte, error) {
	hello = bytes.Clone(hello)
	switch n.Hello {
	case "":
		text, err := hex.DecodeString(n.Hex)
		return bytes.Repeat(text, max(n.Times, 1)), err
	case "cut":
		return hello[:len(hello)/2], nil
	case "of-a-server":
		hello[5] = 2 // handshake type server_hello (RFC 8446 §4)
		return hello, nil
	case "long-session-id":
		hello[43] = 255 // the length of the session identifier: 32 at most
		return hello, nil
	case "twice":
		return append(hello, hello...), nil
	}
	return nil, fmt.Errorf("unknown change of a hello %q", n.Hello)
}

// The specs below judge the chapter resilience: faults of CAs, disks, peers and
// machines (scenarios/resilience.yaml). storage.go holds those about disks.

var _ = Table("RES-01", func(e *Env, row struct{ Request, Again pebble.Kind }) {
	e.Inject(pebble.BadNonce(row.Request))
	refusals := 1
	if row.Again != "" {
		again := pebble.BadNonce(row.Again)
		if row.Again == row.Request {
			again = again.At(2)
		}
		e.Inject(again)
		refusals++
	}
	server := e.StartACME()
	Expect(e.HandshakeWhenIssued(server)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveInjected(refusals))
	Expect(e.Journal()).To(HaveIssuedOfEachKey(1))
}, Slow)

var _ = Table("RES-02", func(e *Env, row struct{ Request pebble.Kind }) {
	old := e.CacheExpiring()
	e.Inject(pebble.BadNonce(row.Request))
	server := e.StartACME()
	Expect(e.Handshake(server)).To(Complete())

	e.Await("a renewed certificate", renewed(old.Leaf))
	e.Eventually(func(g Gomega) {
		g.Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
		g.Expect(e.Path("cache", e.Hostname)).NotTo(HoldCertificate(old.Leaf))
	}, "the renewed certificate to be served and kept")
	Expect(e.Journal()).To(HaveInjected(1))
}, Slow)

// renewed reports whether the CA has issued a certificate whose key is of the same type as
// that of an old one, which the spec has put into the cache.
func renewed(old *x509.Certificate) func(*pebble.Journal) bool {
	return func(j *pebble.Journal) bool {
		return slices.ContainsFunc(j.Issued(), func(entry pebble.Entry) bool {
			return entry.KeyAlgorithm == old.PublicKeyAlgorithm.String()
		})
	}
}

var _ = Table("RES-03", func(e *Env, row struct{ Request pebble.Kind }) {
	e.Inject(pebble.Status(row.Request, 500))
	server := e.StartACME()
	Expect(e.HandshakeWhenIssued(server)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveInjected(1))
	Expect(e.Journal()).To(HaveIssuedOfEachKey(1))
}, Slow)

var _ = Table("RES-04", func(e *Env, row struct{ Date bool }) {
	const pause = 2 * time.Second
	fault := pebble.RateLimited(pebble.KindNewOrder, pause)
	if row.Date {
		fault = pebble.RateLimitedUntil(pebble.KindNewOrder, pause)
	}
	e.Inject(fault)
	server := e.StartACME()
	Expect(e.HandshakeWhenIssued(server)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveWaited(pebble.KindNewOrder, pause))
}, Slow)

var _ = Table("RES-05", func(e *Env, row struct{ Request pebble.Kind }) {
	endure(e, pebble.Drop(row.Request))
})

var _ = Table("RES-06", func(e *Env, row struct {
	Request pebble.Kind
	HTML    bool
	Gateway bool
}) {
	switch {
	case row.HTML:
		endure(e, pebble.HTML(row.Request))
	case row.Gateway:
		endure(e, pebble.Reply(row.Request, http.StatusBadGateway, "text/html; charset=utf-8",
			"<html><head><title>502 Bad Gateway</title></head></html>"))
	default:
		endure(e, pebble.Garbage(row.Request))
	}
})

var _ = Table("RES-07", func(e *Env, row struct{ Request pebble.Kind }) {
	const delay = 2 * time.Second
	e.Inject(pebble.Slow(row.Request, delay))
	server := e.StartACME()
	first := InBackground(func() *wire.Handshake { return e.HandshakeWhenIssued(server) })
	e.AwaitFault()
	// A client that has to wait for the CA's answer waits for nearly the whole delay.
	Expect(e.Handshake(server, SNI("other.example.test"))).To(EndWithoutWait(delay * 3 / 4))
	Expect(<-first).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveIssuedOfEachKey(1))
}, Slow)

var _ = Requirement("RES-08", func(e *Env) {
	e.CA().Down()
	server := e.StartACME()
	Expect(e.ImpatientHandshake(server)).To(BeRefused())
	Expect(server.Process).To(BeAlive())
	e.ExpectRecovery(server)
})

var _ = Requirement("RES-09", func(e *Env) {
	server := e.StartACME()
	first := e.Handshake(server)
	Expect(first).To(HaveFullChainTo(e.CA().Root()))
	e.CA().Down()
	server.Restart()
	Expect(e.Handshake(server)).To(ServeLeaf(first.Leaf()))
	Expect(server.Process).To(BeAlive())
})

var _ = Table("RES-10", func(e *Env, row struct {
	Request pebble.Kind
	Down    bool
	Nonce   bool
}) {
	asked, inAll := row.Request, 30
	switch {
	case row.Down:
		e.CA().Down()
		asked = pebble.KindTLS
	case row.Nonce:
		e.Inject(pebble.BadNonce(row.Request).Persistently())
		inAll = 500
	default:
		e.Inject(pebble.Status(row.Request, 500).Persistently())
	}
	server := e.StartACME()
	e.KeepConnecting(server, 2*time.Second)
	if !row.Nonce {
		Expect(e.Journal()).To(HaveAskedAtMost(asked, 10))
	}
	e.ExpectRequestsAtMost(server, inAll)
	server.Kill() // at the stop signal the server would wait for the issuance
	e.ExpectRecovery(server)
}, Slow)

var _ = Table("RES-11", func(e *Env, row struct{ Key, Renewal bool }) {
	switch {
	case row.Renewal && row.Key:
		expectRenewalAfter(e, wrongKey)
	case row.Renewal:
		expectRenewalAfter(e, wrongName)
	case row.Key:
		endureForLong(e, pebble.WrongKey())
	default:
		endureForLong(e, pebble.WrongName("other.example.test"))
	}
}, Slow, TimingDependent)

// expectRenewalAfter expects that clients are served the present certificate while a renewal
// meets this trouble, and a new one within a day after it is over.
func expectRenewalAfter(e *Env, kind string) {
	e.NeedsClaim("renewal")
	e.NeedsEdge()
	// Whether a server copes with a CA that forgets nonces is judged elsewhere.
	e.UseCA(func(o *pebble.Options) { o.NonceLife = 45 * Day })
	l := beginLife(e, 45*Day)
	old := l.served
	l.fallIntoTrouble(kind)
	e.SkipUnless(len(l.Journal().Faults()) > 0,
		"no certificate was fetched for a renewal until a fifth of the lifetime was left")
	l.client("while " + kind)
	Expect(e.Handshake(l.server)).To(ServeLeaf(old), "while "+kind)
	l.mend()
	l.expectRenewalWithin(aboutADay, "after the CA delivered the right certificates again")
}

var _ = Table("RES-12", func(e *Env, row struct{ Foreign bool }) {
	e.UseCA(func(o *pebble.Options) { o.Intermediates = 2 })
	if row.Foreign {
		endureForLong(e, pebble.ForeignIssuer())
	} else {
		endureForLong(e, pebble.SkipIssuer())
	}
}, Slow)

var _ = Requirement("RES-13", func(e *Env) {
	e.Inject(pebble.CutChain().Persistently())
	server := e.StartACME()
	e.ObserveChain("after a cut chain", e.Handshake(server))
})

var _ = Table("RES-14", func(e *Env, row struct{ Request pebble.Kind }) {
	endure(e, pebble.InvalidOrder(row.Request))
	Expect(e.Journal()).To(HaveAskedAtMostFor("invalid", 30))
})

var _ = Requirement("RES-15", func(e *Env) {
	e.UseCA(func(o *pebble.Options) {
		if o.Dialect == pebble.LetsEncrypt {
			o.Dialect = pebble.RFC8555
		}
		o.Finalize = pebble.Asynchronous // otherwise the answer shows the certificate
	})
	server := e.StartACME()
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
})

var _ = Table("RES-16", func(e *Env, row struct{ Offer []string }) {
	e.Inject(pebble.OfferOnly(row.Offer...).Persistently())
	server := e.StartACME()
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveValidated(e.OwnChallenge(), e.Hostname))
})

var _ = Requirement("RES-17", func(e *Env) {
	e.Inject(pebble.OfferOnly(e.OtherChallenge()).Persistently())
	server := e.StartACME()
	for _, h := range e.ImpatientHandshakes(server, 20) {
		Expect(h).To(BeRefused())
	}
	e.ExpectFewOrders(server)
	e.ExpectRecovery(server)
	Expect(e.Journal()).To(HaveValidated(e.OwnChallenge(), e.Hostname))
}, Slow)

var _ = Requirement("RES-18", func(e *Env) {
	server, root := e.StartSecure()
	idle := e.Handshake(server, Trusting(root), KeepOpen)
	Expect(idle).To(HaveFullChainTo(root))
	defer idle.Close()

	ending := server.Stop()
	Expect(ending).To(EndWithin(5 * time.Second))
	listener, err := e.World.Listen("tcp", server.Address())
	Expect(err).NotTo(HaveOccurred(), "binding the address that the server had")
	defer func(l net.Listener) { l.Close() }(listener)
})

var _ = Table("RES-19", func(e *Env, row struct{ Issuing bool }) {
	if row.Issuing {
		e.Inject(pebble.Slow(pebble.KindDirectory, time.Minute))
	}
	server := e.Start(e.HTTP01(), Forward(80, 5080))
	if !row.Issuing {
		// The control: the server serves before it stops.
		Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	}
	e.Connect(e.Addr(5080), []byte("GET / HTTP/1.1\r\n"))
	hello := e.Hello(server)
	e.Connect(server.Address(), hello[:len(hello)/2])
	if row.Issuing {
		// The hello alone would not do: a server may ask for a second one.
		waiting := InBackground(func() *wire.Handshake { return e.Handshake(server) })
		defer func() { <-waiting }()
		e.AwaitFault()
	}

	Expect(server.Stop()).To(EndWithin(5 * time.Second))
	for _, address := range []string{server.Address(), e.Addr(5080)} {
		listener, err := e.World.Listen("tcp", address)
		Expect(err).NotTo(HaveOccurred(), "binding an address that the server had")
		listener.Close()
	}
}, Slow)

var _ = Requirement("RES-63", func(e *Env) {
	server, root := e.StartSecure()
	Expect(e.Handshake(server, Trusting(root))).To(HaveFullChainTo(root))
	ending := server.Stop()
	if ending.Signal != 0 {
		// A server may set up its handler of signals a moment after it is ready.
		server.Start()
		server.AwaitReady()
		server.Watch(Limits.Change, Complete())
		ending = server.Stop()
	}
	how := fmt.Sprintf("exit code %d", ending.Code)
	if ending.Signal != 0 {
		how = fmt.Sprintf("ended by signal %d", int(ending.Signal))
	}
	e.Observe("error", "after the stop signal", how)
})

var _ = Table("RES-20", func(e *Env, row struct{ Request pebble.Kind }) {
	server := killAt(e, row.Request)
	Expect(e.HandshakeWithRetries(server)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveOrderedAtMost(OrdersAtMost))
	Expect(e.Journal()).To(HaveIssuedOfEachKey(2))
})

var _ = Table("RES-21", func(e *Env, row struct{ Request pebble.Kind }) {
	server := killAt(e, row.Request)
	Expect(e.HandshakeWithRetries(server)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveOneAccount())
})

var _ = Table("RES-22", func(e *Env, row struct {
	Damage Damage
	RSA    bool
}) {
	var kind []func(*pki.Spec)
	var client []ClientOption
	if row.RSA {
		kind, client = append(kind, WithRSAKey), append(client, RSAOnly())
	}
	old := e.CacheCertificate("cache", 60*Day, 90*Day, kind...)
	if row.RSA {
		// A server with one kind of key does not read this file.
		control := e.StartACME()
		leaf := e.Handshake(control, client...).Leaf()
		e.SkipUnless(leaf != nil && leaf.Equal(old.Leaf),
			"a client that knows RSA alone is not served the RSA certificate of the cache")
		control.Stop()
	}
	e.DamageFile(e.Path("cache", pki.AutocertCacheName(e.Hostname, old)), row.Damage)
	server := e.StartACME()
	fresh := e.Handshake(server, client...)
	Expect(fresh).To(HaveFullChainTo(e.CA().Root()))
	// The control: the entry that replaced it is good, and is served.
	server.Restart()
	Expect(e.Handshake(server, client...)).To(ServeLeaf(fresh.Leaf()))
	Expect(e.Journal()).To(HaveIssuedLike(fresh.Leaf(), 1))
})

var _ = Table("RES-23", func(e *Env, row struct{ Damage Damage }) {
	key, err := pki.NewAutocertAccountKey("")
	e.Must(err)
	e.DamageFile(e.Write("cache/"+pki.AutocertAccountKey, key), row.Damage)
	server := e.StartACME()
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	// The control: the key that replaced it is good, and is used.
	server.Stop()
	e.DamageFile(e.Path("cache", e.Hostname), DamageLost)
	server.Restart()
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveOneAccount())
})

var _ = Table("RES-26", func(e *Env, row struct{ Say string }) {
	const peers = 40
	server, root := e.StartSecure()
	// The control. It also makes sure that the server has its certificate.
	Expect(e.Handshake(server, Trusting(root))).To(HaveFullChainTo(root))
	hello := e.Hello(server)
	for range peers {
		switch row.Say {
		case "hello":
			e.Connect(server.Address(), hello[:len(hello)/2])
		case "handshake":
			idle := e.Handshake(server, KeepOpen)
			Expect(idle).To(Complete())
			defer idle.Close()
		default:
			e.Connect(server.Address(), nil)
		}
	}
	next := e.Handshake(server, Trusting(root))
	Expect(next).To(CompleteWithin(5 * time.Second))
	Expect(next).To(HaveFullChainTo(root))
})

var _ = Table("RES-27", func(e *Env, row struct{ Sends []noHello }) {
	server, root := e.StartSecure()
	Expect(e.Handshake(server, Trusting(root))).To(HaveFullChainTo(root))
	hello := e.Hello(server)
	for _, send := range row.Sends {
		say, err := send.bytes(hello)
		e.Must(err)
		answer := e.Send(server, say)
		Expect(answer).NotTo(HavePrefix("HTTP/1.1 2"), "the answer to "+send.Name)
		Expect(server.Process).To(BeAlive(), send.Name)
	}
	Expect(e.Handshake(server, Trusting(root))).To(HaveFullChainTo(root))
})

var _ = Table("RES-28", func(e *Env, row struct {
	Records, Protocols int
	Bytes              bool
	ACME               bool // a certificate from the CA
}) {
	server, root := startWith(e, row.ACME)
	Expect(e.Handshake(server, Trusting(root))).To(HaveFullChainTo(root), "in one piece")
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		options := []ClientOption{Trusting(root), TLSVersion(version)}
		if row.Records > 0 {
			options = append(options, Through(func(d wire.DialFunc) wire.DialFunc {
				return wire.Fragmented(d, row.Records)
			}))
		}
		if row.Bytes {
			options = append(options, Through(wire.Dribbled))
		}
		if row.Protocols > 0 {
			var offer []string
			for i := range row.Protocols {
				offer = append(offer, fmt.Sprintf("%0200d", i))
			}
			options = append(options, Offering(append(offer, "http/1.1")...))
		}
		Expect(e.Handshake(server, options...)).To(HaveFullChainTo(root), tls.VersionName(version))
	}
})

var _ = Requirement("RES-29", func(e *Env) {
	server, root := e.StartSecure()
	Expect(e.Handshake(server, Trusting(root))).To(HaveFullChainTo(root))
	Expect(e.GetTLS(server, e.HealthPath())).To(e.BeHealthy())
	expectNoPlainText(e, server)
})

var _ = Requirement("RES-30", func(e *Env) {
	e.CA().Down()
	server := e.StartACME()
	plain := e.Get(server.Address(), e.HealthPath())
	Expect(plain).NotTo(BeServed(), "before there is a certificate")
	e.ExpectRecovery(server)
	secure := e.GetTLS(server, e.HealthPath())
	Expect(secure).To(e.BeHealthy())
	Expect(plain).NotTo(ShowTheSameAs(secure), "before there is a certificate")
	expectNoPlainText(e, server)
})

// startWith starts the target with a certificate from the CA, or in the simplest way that it
// claims. It returns the root that clients trust.
func startWith(e *Env, acme bool) (*Server, *x509.Certificate) {
	if !acme {
		return e.StartSecure()
	}
	e.NeedsClaim("acme")
	return e.StartACME(), e.CA().Root()
}

// expectNoPlainText expects that pages which are served over TLS are not served without it.
func expectNoPlainText(e *Env, server *Server) {
	for _, page := range []string{e.HealthPath(), "/"} {
		secure := e.GetTLS(server, page)
		plain := e.Get(server.Address(), page)
		Expect(plain).NotTo(BeServed(), page)
		Expect(plain).NotTo(ShowTheSameAs(secure), page)
	}
}

var _ = Requirement("RES-31", func(e *Env) {
	const clients = 1000
	server := e.StartACME()
	kinds := map[string]*x509.Certificate{}
	for i, h := range e.HandshakeCrowd(server, clients) {
		Expect(h).To(Complete(), fmt.Sprintf("client %d of %d", i+1, clients))
		kind := h.Leaf().PublicKeyAlgorithm.String()
		if kinds[kind] == nil {
			kinds[kind] = h.Leaf()
			Expect(h).To(HaveFullChainTo(e.CA().Root()))
		}
		Expect(h).To(ServeLeaf(kinds[kind]), fmt.Sprintf("client %d of %d", i+1, clients))
	}
	Expect(e.Journal()).To(HaveIssuedOfEachKey(1))
	Expect(e.Journal()).To(HaveOrderedAtMost(OrdersAtMost))
}, Slow)

var _ = Requirement("RES-32", func(e *Env) {
	const clients = 200
	e.CA().Point(e.Hostname) // the CA finds no address for the name
	server := e.StartACME()
	connect := func() *wire.Handshake { return e.ImpatientHandshake(server) }
	for i, h := range e.InParallel(clients, connect) {
		Expect(h).To(BeRefused(), fmt.Sprintf("client %d of %d", i+1, clients))
	}
	e.ExpectFewOrders(server)

	e.CA().Point(e.Hostname, e.World.Services().Gateway[0])
	e.ExpectRecovery(server)
}, Slow)

var _ = Requirement("RES-33", func(e *Env) {
	e.Inject(pebble.Fail(pebble.KindNewAccount, accountRefused).Persistently())
	server := e.StartACME()
	for _, h := range e.ImpatientHandshakes(server, 10) {
		Expect(h).To(BeRefused())
	}
	server.WaitLogOfCA("a line with the detail of the CA's refusal", Mentions(caDetail))
	e.ExpectFewOrders(server)
	Expect(e.Journal()).To(HaveAskedAtMost(pebble.KindNewAccount, 3))
	e.ExpectRecovery(server)
}, Slow)

var _ = Requirement("RES-34", func(e *Env) {
	// The control: what the server logs about the CA when it does not need it.
	kept := e.CacheCertificate("cache", 60*Day, 90*Day)
	server := e.StartACME()
	Expect(e.Handshake(server)).To(ServeLeaf(kept.Leaf))
	server.Stop()
	healthy := server.Logs()

	old := e.CacheExpiring()
	e.CA().Down()
	server.Restart()
	Expect(e.Handshake(server)).To(ServeLeaf(old.Leaf))
	server.WaitLogOfCA("a line with the CA's URL, unlike those of a start that needs no CA",
		e.NewLineWith(healthy, e.DirectoryURL()))
	Expect(e.Handshake(server)).To(ServeLeaf(old.Leaf))

	e.CA().Restore()
	server.Restart()
	Expect(e.Handshake(server)).To(Complete())
	e.Await("a renewed certificate, after a restart", renewed(old.Leaf))
})

var _ = Table("RES-64", func(e *Env, row struct{ Version uint16 }) {
	e.SkipUnless(e.OffersReload(), "the target takes up a new key after a restart only")
	old, fresh := e.Identity(pki.Spec{}), e.Identity(pki.Spec{})
	server := e.StartOwn(old)
	config := &tls.Config{
		ServerName: e.Hostname, InsecureSkipVerify: true,
		MinVersion: row.Version, MaxVersion: row.Version,
		ClientSessionCache: tls.NewLRUClientSessionCache(1),
	}
	get := func() *wire.Response {
		return e.Get(server.Address(), "/", func(r *wire.Request) { r.TLS = config })
	}
	Expect(get()).To(Answer())
	before := e.Resumes(server, config)
	server.Replace(fresh)
	e.AwaitPair(server, old, fresh)
	after := e.Resumes(server, config)
	e.Observe("protocol", "a session is resumed", map[string]bool{
		"with the same key": before, "after the key was replaced": after,
	})
})

var _ = Requirement("RES-65", func(e *Env) {
	id := e.Identity(pki.Spec{Intermediates: 1, MustStaple: true})
	seen := e.Handshake(e.StartOwn(id), Trusting(id.Root))
	what := "served without an OCSP response"
	switch {
	case seen.Err != nil:
		what = "no handshake completes"
	case len(seen.State.OCSPResponse) > 0:
		what = "served with an OCSP response"
	}
	e.Observe("chain", "a certificate that demands an OCSP response", what)
})

// endure makes the server meet a fault at its first issuance. It expects clients to
// be served or refused, the server to live, and to get its certificate when the
// fault is over.
func endure(e *Env, fault pebble.Fault) {
	server := meetFault(e, fault)
	Expect(server.Process).To(BeAlive())
	e.ExpectRecovery(server)
	Expect(e.Journal()).To(HaveOrderedAtMost(OrdersAtMost))
}

// endureForLong does the same for a fault that lasts, and watches the server in the
// meantime.
func endureForLong(e *Env, fault pebble.Fault) {
	server := meetFault(e, fault.Persistently())
	e.ExpectFewOrders(server)
	e.ExpectRecovery(server)
}

// meetFault starts a server that meets a fault at its first issuance.
func meetFault(e *Env, fault pebble.Fault) *Server {
	e.Inject(fault)
	server := e.StartACME()
	Expect(e.ImpatientHandshake(server)).To(BeServedOrRefused(e.CA().Root()))
	e.AwaitFault()
	Expect(e.ImpatientHandshake(server)).To(BeServedOrRefused(e.CA().Root()))
	return server
}

// killAt makes a server begin an issuance, kills it while it waits for the answer to
// the first request of this kind, and starts it again.
func killAt(e *Env, step pebble.Kind) *Server {
	e.Inject(pebble.Slow(step, time.Minute))
	server := e.StartACME()
	first := InBackground(func() *wire.Handshake { return e.HandshakeWhenIssued(server) })
	e.AwaitFault()
	if step == pebble.KindChallenge {
		// Without this wait, chance would decide whether the CA validates before the
		// server is killed.
		e.Await("the CA's verdict on the challenge", func(j *pebble.Journal) bool {
			return len(j.Validations()) > 0
		})
	}
	e.CA().Restore()
	server.KillAndStart()
	<-first
	return server
}

// caDetail is the detail of a problem document as CAs write it: long, with a link.
const caDetail = "The operator of this CA forbids what was asked for, as of 2031-02-03 " +
	"04:05:06 UTC, until the account was bound to a contract: " +
	"see https://ca.example.test/help/contracts/#binding"

// accountRefused is the problem document with which a CA demands an external account
// (RFC 8555 §7.3.4).
var accountRefused = pebble.Problem{
	Type:   "urn:ietf:params:acme:error:externalAccountRequired",
	Detail: caDetail,
	Status: http.StatusForbidden,
}
