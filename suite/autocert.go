package suite

import (
	"crypto/tls"
	"net/http"
	"slices"
	"strings"

	. "github.com/onsi/gomega"

	"assay/pebble"
	"assay/suite/internal/sut"
)

// The chapter autocert: the log texts of the autocert library
// (scenarios/autocert.yaml).

var _ = Table("AUTOCERT-01", func(s *Scenario, row struct {
	SNI, Text string
	ALPN      []string
}) {
	challenge := slices.Contains(row.ALPN, challengeProtocol)
	s.SkipUnless(!challenge || s.plan.target.Claims("tls-alpn-01"), "to a server without tls-alpn-01, "+challengeProtocol+" is a protocol like any other")
	server := s.StartACME()
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	orders := s.Journal().Requests(pebble.KindNewOrder)

	text := s.expand(row.Text)
	refused := s.Handshake(server, SNI(s.expand(row.SNI)), Offering(row.ALPN...))
	Expect(refused).To(EndInAnAlert())
	line := server.WaitLog("a line with "+text, func(l sut.Line) bool { return strings.Contains(l.Words(), text) })
	Expect(line.Words()).To(ContainSubstring(refused.Local), "the address that the client came from")

	// The control shakes hands after it: whatever the refusal logs is there.
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	Expect(server).To(LogOnce(text))
	Expect(s.Journal().Requests(pebble.KindNewOrder)).To(Equal(orders), "orders at the CA, before and after the refusal")
})

var _ = Requirement("AUTOCERT-02", func(s *Scenario) {
	server := s.StartACME()
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	s.refuseHandshake(server, "before.example.test")
	for range 5 {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			Expect(s.Handshake(server, Version(version))).To(HaveFullChainTo(s.CA().Root()))
		}
	}
	s.refuseHandshake(server, "after.example.test")
	Expect(server).To(LogNothingBetween("before.example.test", "after.example.test", "tls", "autocert", "certificate"))
})

var _ = Table("AUTOCERT-03", func(s *Scenario, row struct {
	Request pebble.Kind
	Type    string
}) {
	s.SkipUnless(s.plan.CA == "edge", "needs the edge in front of the CA, which injects the refusal")
	problem := pebble.Problem{Type: "urn:ietf:params:acme:error:" + row.Type, Detail: longDetail, Status: http.StatusForbidden}
	s.CA().Inject(pebble.Fail(row.Request, problem))
	server := s.StartACME()
	Expect(s.Handshake(server)).NotTo(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal()).To(HaveInjected(1))
	server.WaitLog("a line with "+problem.Type+" and "+longDetail, func(l sut.Line) bool {
		return strings.Contains(l.Words(), longDetail) && strings.Contains(l.Words(), problem.Type)
	})
	Expect(server).To(Live())

	server.Restart()
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
})

// longDetail is a problem's detail as CAs write them: long, with a reason, a
// moment and a link.
const longDetail = "Error creating new order :: too many certificates (5) already issued for this exact set of identifiers " +
	"in the last 168h0m0s, retry after 2031-02-03 04:05:06 UTC: see https://ca.example/docs/rate-limits/#exact-set"

var _ = Requirement("AUTOCERT-04", func(s *Scenario) {
	old := s.Expiring()
	secrets := secretsBelow(s, "cache") // which the renewal replaces
	Expect(secrets).NotTo(BeEmpty(), "private keys in the cache directory")
	s.failRenewal("refused")
	server := s.startBy("http-01")
	Expect(s.Handshake(server)).To(ServeLeaf(old.Leaf))
	s.awaitFailure()
	s.CA().Restore()
	server.Restart()
	Expect(s.Handshake(server)).To(Complete())
	s.AwaitRenewal(server, old)

	secrets = append(secrets, secretsBelow(s, "cache")...)
	s.lookForSecrets(server, s.Addr(5080), secrets, challengePath+"acme_account+key", challengePath+s.Hostname, "/"+s.Hostname)
	server.Stop()
	Expect(server).To(LogNone(secrets))
}, Unsteady) // the restart may come before the word about the failed renewal
