package suite

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
	"assay/pebble"
	"assay/suite/internal/sut"
	"assay/suite/internal/wire"
)

// The chapter resilience: CAs, disks, peers and signals that misbehave
// (scenarios/resilience.yaml).

var _ = Table("RES-01", func(s *Scenario, row struct{ Request pebble.Kind }) {
	s.SkipUnless(s.plan.CA == "edge", "needs the edge in front of the CA, which injects the fault")
	s.CA().Inject(pebble.BadNonce(row.Request))
	server := s.StartACME()
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal()).To(HaveInjected(1))
	Expect(s.Journal()).To(HaveIssued(1))
}, Slow)

var _ = Table("RES-02", func(s *Scenario, row struct{ Request pebble.Kind }) {
	old := s.Expiring()
	s.Disturb(pebble.BadNonce(row.Request))
	server := s.StartACME()
	Expect(s.Handshake(server)).To(Complete())

	s.Await("a renewed certificate", func(j *pebble.Journal) bool { return len(j.Issued()) == 1 })
	s.Eventually(func(g Gomega) {
		g.Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
		g.Expect(s.Path("cache", s.Hostname)).NotTo(HoldCertificate(old.Leaf))
	}, "the renewed certificate to be served and kept")
	Expect(s.Journal()).To(HaveInjected(1))
}, Slow)

var _ = Table("RES-03", func(s *Scenario, row struct{ Request pebble.Kind }) {
	s.Disturb(pebble.Status(row.Request, 500))
	server := s.StartACME()
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal()).To(HaveInjected(1))
	Expect(s.Journal()).To(HaveIssued(1))
}, Slow)

var _ = Table("RES-04", func(s *Scenario, row struct{ Date bool }) {
	const pause = 2 * time.Second
	fault := pebble.RateLimited(pebble.KindNewOrder, pause)
	if row.Date {
		fault = pebble.RateLimitedUntil(pebble.KindNewOrder, pause)
	}
	s.Disturb(fault)
	server := s.StartACME()
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal()).To(HaveWaited(pebble.KindNewOrder, pause))
}, Slow)

var _ = Table("RES-05", func(s *Scenario, row struct{ Request pebble.Kind }) {
	s.endure(pebble.Drop(row.Request))
})

var _ = Table("RES-06", func(s *Scenario, row struct {
	Request pebble.Kind
	HTML    bool
}) {
	if row.HTML {
		s.endure(pebble.HTML(row.Request))
	} else {
		s.endure(pebble.Garbage(row.Request))
	}
})

var _ = Table("RES-07", func(s *Scenario, row struct{ Request pebble.Kind }) {
	const delay = 2 * time.Second
	s.Disturb(pebble.Slow(row.Request, delay))
	server := s.StartACME()
	first := background(func() *wire.Handshake { return s.Handshake(server) })
	s.AwaitFault()
	// Who waits for the CA's answer too waits for the whole delay, but for what
	// it took to notice the fault.
	Expect(s.Handshake(server, SNI("other.example.test"))).To(BeRefusedWithin(delay * 3 / 4))
	Expect(<-first).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal()).To(HaveIssued(1))
}, Slow)

var _ = Requirement("RES-08", func(s *Scenario) {
	s.CA().Down()
	server := s.StartACME()
	Expect(s.glance(server)).To(BeRefused())
	Expect(server).To(Live())
	s.Recover(server)
})

var _ = Requirement("RES-09", func(s *Scenario) {
	server := s.StartACME()
	first := s.Handshake(server)
	Expect(first).To(HaveFullChainTo(s.CA().Root()))
	s.CA().Down()
	server.Restart()
	Expect(s.Handshake(server)).To(ServeLeaf(first.Leaf()))
	Expect(server).To(Live())
})

var _ = Table("RES-10", func(s *Scenario, row struct {
	Request pebble.Kind
	Down    bool
}) {
	asked := row.Request
	if row.Down {
		s.CA().Down()
		asked = pebble.KindTLS
	} else {
		s.Disturb(pebble.Status(row.Request, 500).Persistently())
	}
	server := s.StartACME()
	s.Insist(server, 2*time.Second)
	Expect(s.Journal()).To(HaveAskedAtMost(asked, 10))
	server.kill() // it would wait for the issuance under way
	s.Recover(server)
}, Slow)

var _ = Table("RES-11", func(s *Scenario, row struct{ Key bool }) {
	if row.Key {
		s.endure(pebble.WrongKey().Persistently())
	} else {
		s.endure(pebble.WrongName("other.example.test").Persistently())
	}
})

var _ = Table("RES-12", func(s *Scenario, row struct{ Foreign bool }) {
	s.UseCA(func(o *pebble.Options) { o.Intermediates = 2 })
	if row.Foreign {
		s.endure(pebble.ForeignIssuer().Persistently())
	} else {
		s.endure(pebble.SkipIssuer().Persistently())
	}
})

var _ = Requirement("RES-13", func(s *Scenario) {
	s.Disturb(pebble.CutChain().Persistently())
	server := s.StartACME()
	s.ObserveChain("after a cut chain", s.Handshake(server))
})

var _ = Table("RES-14", func(s *Scenario, row struct{ Request pebble.Kind }) {
	s.endure(pebble.InvalidOrder(row.Request))
})

var _ = Requirement("RES-15", func(s *Scenario) {
	s.UseCA(func(o *pebble.Options) {
		if o.Dialect == pebble.LetsEncrypt {
			o.Dialect = pebble.RFC8555
		}
	})
	server := s.StartACME()
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
})

var _ = Table("RES-16", func(s *Scenario, row struct{ Offer []string }) {
	s.Disturb(pebble.OfferOnly(row.Offer...).Persistently())
	server := s.StartACME()
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal()).To(HaveValidated(s.ownChallenge(), s.Hostname))
})

var _ = Requirement("RES-17", func(s *Scenario) {
	s.Disturb(pebble.OfferOnly(s.otherChallenge()).Persistently())
	server := s.StartACME()
	for _, h := range s.Knock(server, 20) {
		Expect(h).To(BeRefused())
	}
	Expect(server).To(Live())
	Expect(s.Journal()).To(HaveOrderedAtMost(ordersAtMost))
	s.Recover(server)
	Expect(s.Journal()).To(HaveValidated(s.ownChallenge(), s.Hostname))
})

var _ = Requirement("RES-18", func(s *Scenario) {
	server, root := s.StartSecure()
	idle := s.Handshake(server, Trusting(root), KeepOpen)
	Expect(idle).To(HaveFullChainTo(root))
	defer idle.Close()

	ending := server.Stop()
	Expect(ending).To(BeClean(5 * time.Second))
	listener, err := s.World.Listen("tcp", server.Address())
	Expect(err).NotTo(HaveOccurred(), "binding the address that the server had")
	defer func(l net.Listener) { l.Close() }(listener)
})

var _ = Table("RES-19", func(s *Scenario, row struct{ Issuing bool }) {
	if row.Issuing {
		s.Disturb(pebble.Slow(pebble.KindDirectory, time.Minute))
	}
	server := s.Start(s.HTTP01(), Forward(80, 5080))
	if !row.Issuing { // The control: a server that stops well, and does nothing else, has not served.
		Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	}
	s.Connect(s.Addr(5080), []byte("GET / HTTP/1.1\r\n"))
	hello := s.Hello(server)
	s.Connect(server.Address(), hello[:len(hello)/2])
	if row.Issuing {
		s.Connect(server.Address(), hello)
		s.AwaitFault()
	}

	Expect(server.Stop()).To(BeClean(5 * time.Second))
	for _, address := range []string{server.Address(), s.Addr(5080)} {
		listener, err := s.World.Listen("tcp", address)
		Expect(err).NotTo(HaveOccurred(), "binding an address that the server had")
		listener.Close()
	}
}, Slow)

var _ = Table("RES-20", func(s *Scenario, row struct{ Request pebble.Kind }) {
	server := s.killAt(row.Request)
	Expect(s.Persist(server)).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal()).To(HaveOrderedAtMost(ordersAtMost))
	Expect(s.Journal()).To(HaveIssuedAtMost(2))
})

var _ = Table("RES-21", func(s *Scenario, row struct{ Request pebble.Kind }) {
	server := s.killAt(row.Request)
	Expect(s.Persist(server)).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal()).To(HaveOneAccount())
})

var _ = Table("RES-22", func(s *Scenario, row struct{ Damage Damage }) {
	const day = 24 * time.Hour
	s.CacheCertificate("cache", 60*day, 90*day)
	s.Spoil(s.Path("cache", s.Hostname), row.Damage)
	server := s.StartACME()
	fresh := s.Handshake(server)
	Expect(fresh).To(HaveFullChainTo(s.CA().Root()))
	// The control: what is in its place now is good, and is served.
	server.Restart()
	Expect(s.Handshake(server)).To(ServeLeaf(fresh.Leaf()))
	Expect(s.Journal()).To(HaveIssued(1))
})

var _ = Table("RES-23", func(s *Scenario, row struct{ Damage Damage }) {
	key, err := pki.NewAutocertAccountKey()
	s.must(err)
	s.Spoil(s.Write("cache/"+pki.AutocertAccountKey, key), row.Damage)
	server := s.StartACME()
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	// The control: the key in its place now is good, and is used.
	server.Stop()
	s.Spoil(s.Path("cache", s.Hostname), damageLost)
	server.Restart()
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal()).To(HaveOneAccount())
})

var _ = Requirement("RES-24", func(s *Scenario) {
	s.withoutRoom(func() (mend func()) {
		s.AllowWriting("cache", false)
		return func() { s.AllowWriting("cache", true) }
	})
})

var _ = Requirement("RES-25", func(s *Scenario) {
	s.withoutRoom(func() (mend func()) { return s.FullDisk("cache") })
})

var _ = Table("RES-26", func(s *Scenario, row struct{ Say string }) {
	const peers = 40
	server, root := s.StartSecure()
	// The control; and a certificate from a CA is there by then.
	Expect(s.Handshake(server, Trusting(root))).To(HaveFullChainTo(root))
	hello := s.Hello(server)
	for range peers {
		switch row.Say {
		case "hello":
			s.Connect(server.Address(), hello[:len(hello)/2])
		case "handshake":
			idle := s.Handshake(server, KeepOpen)
			Expect(idle).To(Complete())
			defer idle.Close()
		default:
			s.Connect(server.Address(), nil)
		}
	}
	next := s.Handshake(server, Trusting(root))
	// A server that lets the others end first takes as long as they are patient.
	Expect(next).To(CompleteWithin(patience / 4))
	Expect(next).To(HaveFullChainTo(root))
})

var _ = Table("RES-27", func(s *Scenario, row struct{ Sends []noHello }) {
	server, root := s.StartSecure()
	Expect(s.Handshake(server, Trusting(root))).To(HaveFullChainTo(root))
	hello := s.Hello(server)
	for _, send := range row.Sends {
		say, err := send.bytes(hello)
		s.must(err)
		answer := s.Send(server, say)
		Expect(answer).NotTo(HavePrefix("HTTP/1.1 2"), "the answer to "+send.Name)
		Expect(server).To(Live(), send.Name)
	}
	Expect(s.Handshake(server, Trusting(root))).To(HaveFullChainTo(root))
})

var _ = Table("RES-28", func(s *Scenario, row struct {
	Records, Protocols int
	Bytes              bool
}) {
	server, root := s.StartSecure()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		options := []ClientOption{Trusting(root), Version(version)}
		if row.Records > 0 {
			options = append(options, Through(func(d wire.DialFunc) wire.DialFunc { return wire.Fragmented(d, row.Records) }))
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
		Expect(s.Handshake(server, options...)).To(HaveFullChainTo(root), tls.VersionName(version))
	}
})

var _ = Requirement("RES-29", func(s *Scenario) {
	server, root := s.StartSecure()
	Expect(s.Handshake(server, Trusting(root))).To(HaveFullChainTo(root))
	Expect(s.Get(server.Address(), s.HealthPath())).NotTo(BeServed())
	Expect(s.GetTLS(server, s.HealthPath())).To(BeHealthy())
})

var _ = Requirement("RES-30", func(s *Scenario) {
	s.CA().Down()
	server := s.StartACME()
	Expect(s.Get(server.Address(), s.HealthPath())).NotTo(BeServed(), "before there is a certificate")
	s.Recover(server)
	Expect(s.GetTLS(server, s.HealthPath())).To(BeHealthy())
})

var _ = Requirement("RES-31", func(s *Scenario) {
	const clients = 1000
	server := s.StartACME()
	kinds := map[string]*x509.Certificate{}
	for i, h := range s.Crowd(server, clients) {
		Expect(h).To(Complete(), fmt.Sprintf("client %d of %d", i+1, clients))
		kind := h.Leaf().PublicKeyAlgorithm.String()
		if kinds[kind] == nil {
			kinds[kind] = h.Leaf()
			Expect(h).To(HaveFullChainTo(s.CA().Root()))
		}
		Expect(h).To(ServeLeaf(kinds[kind]), fmt.Sprintf("client %d of %d", i+1, clients))
	}
	Expect(s.Journal()).To(HaveIssued(len(kinds)))
	Expect(s.Journal()).To(HaveOrderedAtMost(ordersAtMost))
}, Slow)

var _ = Requirement("RES-32", func(s *Scenario) {
	const clients = 200
	s.CA().Point(s.Hostname) // the CA finds no such name
	server := s.StartACME()
	for i, h := range s.crowd(clients, func() *wire.Handshake { return s.glance(server) }) {
		Expect(h).To(BeRefused(), fmt.Sprintf("client %d of %d", i+1, clients))
	}
	Expect(s.Journal()).To(HaveSpared(failuresAtMost, ordersAtMost))

	s.CA().Point(s.Hostname, s.World.Services().Gateway[0])
	s.Recover(server)
})

var _ = Requirement("RES-33", func(s *Scenario) {
	s.Disturb(pebble.Fail(pebble.KindNewAccount, accountRefused).Persistently())
	server := s.StartACME()
	for _, h := range s.Knock(server, 10) {
		Expect(h).To(BeRefused())
	}
	server.WaitLog("a line with the detail of the CA's refusal", mentions(caDetail))
	Expect(server).To(Live())
	Expect(s.Journal()).To(HaveAskedAtMost(pebble.KindNewAccount, 3))
	s.Recover(server)
})

var _ = Requirement("RES-34", func(s *Scenario) {
	// The control: what the server says of the CA when all is well.
	kept := s.CacheCertificate("cache", 60*day, 90*day)
	server := s.StartACME()
	Expect(s.Handshake(server)).To(ServeLeaf(kept.Leaf))
	server.Stop()
	healthy := server.logs()

	old := s.Expiring()
	s.CA().Down()
	server.Restart()
	Expect(s.Handshake(server)).To(ServeLeaf(old.Leaf))
	server.WaitLog("a line with the CA's URL, unlike those of a start that needs no CA", s.unlike(healthy, s.CA().DirectoryURL()))
	Expect(s.Handshake(server)).To(ServeLeaf(old.Leaf))

	s.CA().Restore()
	server.Restart()
	Expect(s.Handshake(server)).To(Complete())
	s.Await("a renewed certificate, after a restart", func(j *pebble.Journal) bool { return len(j.Issued()) == 1 })
})

// endure lets the server meet a fault at its first issuance: the client is
// served or refused, the server lives on, and gets its certificate when the
// fault is over.
func (s *Scenario) endure(fault pebble.Fault) {
	s.Disturb(fault)
	server := s.StartACME()
	Expect(s.glance(server)).To(BeServedOrRefused(s.CA().Root()))
	s.AwaitFault()
	Expect(s.glance(server)).To(BeServedOrRefused(s.CA().Root()))
	Expect(server).To(Live())
	s.Recover(server)
	Expect(s.Journal()).To(HaveOrderedAtMost(ordersAtMost))
}

// killAt lets a server begin an issuance, kills it while it waits for the
// answer to the first request of this kind, which it never gets whole, and
// starts it again.
func (s *Scenario) killAt(step pebble.Kind) *Server {
	s.Disturb(pebble.Slow(step, time.Minute))
	server := s.StartACME()
	first := background(func() *wire.Handshake { return s.Handshake(server) })
	s.AwaitFault()
	if step == pebble.KindChallenge {
		// The CA comes to look before the server is gone, or after: not by chance.
		s.Await("the CA's verdict on the challenge", func(j *pebble.Journal) bool { return len(j.Validations()) > 0 })
	}
	s.CA().Restore()
	server.KillAndStart()
	<-first
	return server
}

// withoutRoom is about a cache directory that cannot be written: what is there
// is served; what cannot be kept is told; and with room again all is well. The
// directory is configured by the path that messages are looked through for.
func (s *Scenario) withoutRoom(take func() (mend func())) {
	cache := s.Path("cache")
	server := s.StartACME(Keys{"tls_letsencrypt_cache_dir": cache})
	first := s.Handshake(server)
	Expect(first).To(HaveFullChainTo(s.CA().Root()))
	Expect(cache).To(HoldFiles())
	// The control: what the server says of the directory when all is well.
	server.Restart()
	Expect(s.Handshake(server)).To(ServeLeaf(first.Leaf()))
	server.Stop()
	healthy := server.logs()

	mend := take()
	server.start()
	server.awaitReady()
	Expect(s.Handshake(server)).To(ServeLeaf(first.Leaf()))

	server.Stop()
	mend()
	s.Spoil(s.Path("cache", s.Hostname), damageLost)
	mend = take()
	server.StartDespite()
	Expect(s.Handshake(server)).To(BeServedOrRefused(s.CA().Root()))
	server.WaitLog("a line that names the directory that cannot be written, unlike those of starts when it can", s.unlike(healthy, cache))
	Expect(s.Journal()).To(HaveOrderedAtMost(ordersAtMost))
	mend()
	s.Recover(server)
}

// caDetail is the detail of a problem as CAs write them: long, with a link.
const caDetail = "The operator of this CA forbids what was asked for, as of 2031-02-03 04:05:06 UTC, " +
	"until the account was bound to a contract: see https://ca.example.test/help/contracts/#binding"

// accountRefused is how a CA asks for an external account (RFC 8555 §7.3.4).
var accountRefused = pebble.Problem{
	Type:   "urn:ietf:params:acme:error:externalAccountRequired",
	Detail: caDetail,
	Status: http.StatusForbidden,
}

// mentions matches log lines with a text.
func mentions(text string) func(sut.Line) bool {
	return func(l sut.Line) bool { return strings.Contains(l.Words(), text) }
}
