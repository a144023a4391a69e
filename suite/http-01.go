package suite

import (
	"net/http"

	"github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
	"assay/suite/internal/wire"
)

// The chapter http-01: the challenge over plain HTTP (scenarios/http-01.yaml).

var _ = Requirement("HTTP01-01", func(s *Scenario) {
	server := s.Start(s.HTTP01(Keys{"tls_letsencrypt_listen": nil}))
	for _, address := range []string{s.Addr(80), s.Addr6(80), "127.0.0.1:80", "[::1]:80"} {
		s.AwaitAnswer(address)
	}
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal()).To(HaveValidated("http-01", s.Hostname))
})

var _ = Requirement("HTTP01-02", func(s *Scenario) {
	server := s.Start(s.HTTP01(Keys{"tls_letsencrypt_listen": s.Addr(5080)}), Forward(80, 5080))
	seen := s.Handshake(server)
	Expect(seen).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal()).To(HaveValidated("http-01", s.Hostname))
	s.ObserveIssuance("issuance")
})

var _ = Table("HTTP01-03", func(s *Scenario, row struct {
	Listen          string
	Answers, Silent []string
}) {
	// The control: the listener is one where challenges are answered.
	control := s.Start(s.HTTP01(), Forward(80, 5080))
	Expect(s.Handshake(control)).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal()).To(HaveValidated("http-01", s.Hostname))
	control.Stop()
	s.must(s.World.Unforward(80))

	s.Start(s.HTTP01(Keys{"tls_letsencrypt_listen": s.expand(row.Listen)}))
	for _, address := range row.Answers {
		s.AwaitAnswer(s.expand(address))
	}
	for _, address := range row.Silent {
		Expect(s.Get(s.expand(address), "/")).NotTo(Answer(), address)
	}
})

var _ = Requirement("HTTP01-04", func(s *Scenario) {
	s.Relay(80, 5080)
	server := s.Start(s.HTTP01())
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal()).To(HaveValidated("http-01", s.Hostname))
})

var _ = Requirement("HTTP01-05", func(s *Scenario) {
	server := s.Start(s.HTTP01(), Forward(80, 5080))
	bothAnswer := func() {
		s.AwaitAnswer(s.Addr(5080))
		Expect(s.Handshake(server, SNI("other.example.test"))).To(AnswerInTLS())
	}
	bothAnswer()
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	bothAnswer()
	Expect(s.GetTLS(server, s.HealthPath())).To(BeHealthy())
})

var _ = Requirement("HTTP01-06", func(s *Scenario) {
	server := s.Start(s.HTTP01())
	for _, h := range s.Knock(server, 20) {
		Expect(h).NotTo(HaveFullChainTo(s.CA().Root()))
	}
	Expect(server).To(Live())
	Expect(s.Get(s.Addr(5080), "/")).To(Answer())
	Expect(s.Handshake(server, SNI("other.example.test"))).To(AnswerInTLS())
	Expect(s.Journal()).To(HaveSpared(5, 10))

	s.must(s.World.Forward(80, 5080))
	server.Restart()
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
})

var _ = Table("HTTP01-07", func(s *Scenario, row struct{ Path string }) {
	s.Start(s.HTTP01())
	s.AwaitAnswer(s.Addr(5080))
	Expect(s.Get(s.Addr(5080), row.Path)).To(RedirectTo("https://" + s.Hostname + row.Path))
})

var _ = Table("HTTP01-08", func(s *Scenario, row struct{ Host, Text string }) {
	s.issueByHTTP01()
	answer := s.Get(s.Addr(5080), challengePath+"token", Host(s.expand(row.Host)))
	Expect(answer).To(HaveStatus(http.StatusForbidden))
	Expect(answer).To(HaveBodyLine(s.expand(row.Text)))
	s.Observe("error", "other host", answer.Body)
})

var _ = Table("HTTP01-09", func(s *Scenario, row struct {
	Path     string
	Statuses []int
}) {
	// Beside the cache directory lie keys, under the names that the tokens of
	// such paths lead to; autocert's tokens have an ending (CVE-2022-30636).
	key, err := s.Identity(pki.Spec{}).KeyFile(pki.None)
	s.must(err)
	for _, name := range []string{"outside", "outside+http-01"} {
		s.Write(name, key)
	}
	hold := s.HoldValidation(80)
	defer hold.Release()
	server := s.Start(s.HTTP01(), Forward(80, 5080))
	first := background(func() *wire.Handshake { return s.Handshake(server) })
	Expect(s.Get(s.Addr(5080), hold.AwaitPath())).To(HaveStatus(http.StatusOK))
	givesNothing := func() {
		answer := s.Get(s.Addr(5080), s.expand(row.Path))
		Expect(answer).To(HaveStatus(row.Statuses...))
		Expect(answer).To(HoldNoSecret())
	}
	givesNothing()
	hold.Release()
	Expect(<-first).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal()).To(HaveValidated("http-01", s.Hostname))
	givesNothing()
})

var _ = Requirement("HTTP01-10", func(s *Scenario) {
	taken := s.Addr(5080)
	listener, err := s.World.Listen("tcp", taken)
	s.must(err)
	defer listener.Close()
	Expect(s.AwaitEnd(s.HTTP01())).To(EndInError(taken))

	s.must(listener.Close())
	server := s.Start(s.HTTP01(), Forward(80, 5080))
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
})

var _ = Requirement("HTTP01-11", func(s *Scenario) {
	at80 := s.HTTP01(Keys{"tls_letsencrypt_listen": s.Addr(80)})
	s.must(s.World.AllowLowPorts(false))
	Expect(s.AwaitEnd(at80)).To(EndInError(s.Addr(80)))

	s.must(s.World.AllowLowPorts(true))
	Expect(s.Handshake(s.Start(at80))).To(HaveFullChainTo(s.CA().Root()))
})

var _ = Requirement("HTTP01-12", func(s *Scenario) {
	hold := s.HoldValidation(80)
	defer hold.Release()
	server := s.Start(s.HTTP01(), Forward(80, 5080))
	first := background(func() *wire.Handshake { return s.Handshake(server) })
	path := hold.AwaitPath()
	Expect(s.Get(s.Addr(5080), path)).To(HaveStatus(http.StatusOK))
	Expect(s.Get(s.Addr(5080), path)).NotTo(HoldNoSecret(), "the key authorisation, while the challenge is pending")
	hold.Release()
	Expect(<-first).To(HaveFullChainTo(s.CA().Root()))

	s.Eventually(func(g Gomega) {
		g.Expect(s.Get(s.Addr(5080), path)).To(BeGone())
	}, "the challenge's path to be answered no longer")
	server.Restart()
	Expect(s.Get(s.Addr(5080), path)).To(BeGone())
})

// challengePath is where HTTP-01 answers are looked for (RFC 8555 §8.3).
const challengePath = "/.well-known/acme-challenge/"

// issueByHTTP01 is the control of specs about what the challenge listener must
// not give: by the same listener the CA has validated the hostname.
func (s *Scenario) issueByHTTP01() *Server {
	server := s.Start(s.HTTP01(), Forward(80, 5080))
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal()).To(HaveValidated("http-01", s.Hostname))
	return server
}

// AwaitAnswer waits until something answers HTTP at an address: the challenge
// listener may come later than the server is ready.
func (s *Scenario) AwaitAnswer(address string) {
	ginkgo.GinkgoHelper()
	s.Eventually(func(g Gomega) {
		g.Expect(s.Get(address, "/")).To(Answer(), address)
	}, "an answer at "+address)
}

// Host sends another Host header.
func Host(name string) func(*wire.Request) { return func(r *wire.Request) { r.Host = name } }
