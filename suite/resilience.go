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
