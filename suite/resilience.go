package suite

import (
	"net"
	"time"

	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
	"assay/pebble"
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
	}, "the renewed certificate to be served")
	Expect(s.Path("cache", s.Hostname)).NotTo(HoldCertificate(old.Leaf))
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
	const delay = 1500 * time.Millisecond
	s.Disturb(pebble.Slow(row.Request, delay))
	server := s.StartACME()
	waiting := make(chan struct{})
	first := s.Client(server)
	go func() {
		defer close(waiting)
		first.Handshake(s.ctx)
	}()
	s.AwaitFault()
	Expect(s.Handshake(server, SNI("other.example.test"))).To(BeRefusedWithin(delay / 2))
	<-waiting
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal()).To(HaveIssued(1))
}, Slow)

var _ = Requirement("RES-08", func(s *Scenario) {
	s.CA().Down()
	server := s.StartACME()
	Expect(s.Handshake(server)).To(BeRefused())
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
	s.Insist(server, 2500*time.Millisecond)
	Expect(s.Journal()).To(HaveAskedAtMost(asked, 10))
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
		if o.Manner == pebble.LetsEncrypt {
			o.Manner = pebble.RFC8555
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
	for range 20 {
		Expect(s.Handshake(server)).To(BeRefused())
	}
	Expect(server).To(Live())
	Expect(s.Journal()).To(HaveOrderedAtMost(ordersAtMost))
	s.Recover(server)
	Expect(s.Journal()).To(HaveValidated(s.ownChallenge(), s.Hostname))
})

var _ = Requirement("RES-18", func(s *Scenario) {
	server := s.StartOwn(s.Identity(pki.Spec{}))
	idle := s.Handshake(server, KeepOpen)
	Expect(idle).To(Complete())
	defer idle.Close()

	ending := server.Stop()
	Expect(ending).To(BeClean(5 * time.Second))
	listener, err := s.World.Listen("tcp", server.Address())
	Expect(err).NotTo(HaveOccurred(), "binding the address that the server had")
	defer func(l net.Listener) { l.Close() }(listener)
})

var _ = Table("RES-20", func(s *Scenario, row struct{ Request pebble.Kind }) {
	server := s.killAt(row.Request)
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal()).To(HaveOrderedAtMost(ordersAtMost))
	Expect(s.Journal()).To(HaveIssuedAtMost(2))
})

var _ = Table("RES-21", func(s *Scenario, row struct{ Request pebble.Kind }) {
	server := s.killAt(row.Request)
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal()).To(HaveOneAccount())
})

// endure lets the server meet a fault at its first issuance: the client is
// served or refused, the server lives on, and gets its certificate when the
// fault is over.
func (s *Scenario) endure(fault pebble.Fault) {
	s.Disturb(fault)
	server := s.StartACME()
	Expect(s.Handshake(server)).To(BeServedOrRefused(s.CA().Root()))
	s.AwaitFault()
	Expect(s.Handshake(server)).To(BeServedOrRefused(s.CA().Root()))
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
	first, ended := s.Client(server), make(chan struct{})
	go func() {
		defer close(ended)
		first.Handshake(s.ctx)
	}()
	s.AwaitFault()
	s.CA().Mend()
	server.KillAndStart()
	<-ended
	return server
}
