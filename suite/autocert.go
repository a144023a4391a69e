package suite

import (
	"crypto/tls"
	"strings"

	. "github.com/onsi/gomega"

	"assay/pebble"
	"assay/suite/target"
)

// The chapter autocert: the log texts of the autocert library
// (scenarios/autocert.yaml).

var _ = Table("AUTOCERT-01", func(s *Scenario, row struct {
	SNI, Text string
	ALPN      []string
}) {
	server := s.StartACME()
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	requests := s.Journal().Requests(pebble.KindAny)

	text := s.expand(row.Text)
	refused := s.Handshake(server, SNI(s.expand(row.SNI)), Offering(row.ALPN...))
	Expect(refused).To(EndInAnAlert())
	line := server.WaitLog("a line with "+text, func(l target.Line) bool { return strings.Contains(l.Text, text) })
	Expect(line.Text).To(ContainSubstring(refused.Local), "the address that the client came from")

	// The control shakes hands after it: whatever the refusal logs is there.
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	Expect(server).To(LogOnce(text))
	Expect(s.Journal().Requests(pebble.KindAny)).To(Equal(requests), "requests to the CA, before and after the refusal")
	s.Observe("error", "log", line.Text)
})

var _ = Requirement("AUTOCERT-02", func(s *Scenario) {
	server := s.StartACME()
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	for range 5 {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			Expect(s.Handshake(server, Version(version))).To(HaveFullChainTo(s.CA().Root()))
		}
	}
	Expect(server).To(LogNothingAbout("tls", "autocert", "certificate"))
	// The control: this log is one that would show it.
	Expect(s.Handshake(server, SNI("other.example.test"))).To(EndInAnAlert())
	server.WaitLog("a line about a refused handshake", func(l target.Line) bool { return strings.Contains(l.Text, "acme/autocert:") })
})
