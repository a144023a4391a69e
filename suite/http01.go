package suite

import (
	"net/http"

	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
	. "assay/suite/internal/harness"
	. "assay/suite/internal/match"
	"assay/suite/internal/wire"
)

// The chapter http-01: the challenge over plain HTTP (scenarios/http-01.yaml).

var _ = Requirement("HTTP01-01", func(e *Env) {
	server := e.Start(e.HTTP01(Settings{"tls_letsencrypt_listen": nil}))
	for _, address := range []string{e.Addr(80), e.Addr6(80), "127.0.0.1:80", "[::1]:80"} {
		e.AwaitAnswer(address)
	}
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveValidated("http-01", e.Hostname))
})

var _ = Requirement("HTTP01-02", func(e *Env) {
	server := e.Start(e.HTTP01(Settings{"tls_letsencrypt_listen": e.Addr(5080)}), Forward(80, 5080))
	seen := e.Handshake(server)
	Expect(seen).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveValidated("http-01", e.Hostname))
	e.ObserveIssuance("issuance")
})

var _ = Table("HTTP01-03", func(e *Env, row struct {
	Listen          string
	Answers, Silent []string
}) {
	// The control: the listener is one where challenges are answered.
	control := e.Start(e.HTTP01(), Forward(80, 5080))
	Expect(e.Handshake(control)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveValidated("http-01", e.Hostname))
	control.Stop()
	e.Must(e.World.Unforward(80))

	e.Start(e.HTTP01(Settings{"tls_letsencrypt_listen": e.Expand(row.Listen)}))
	for _, address := range row.Answers {
		e.AwaitAnswer(e.Expand(address))
	}
	for _, address := range row.Silent {
		Expect(e.Get(e.Expand(address), "/")).NotTo(Answer(), address)
	}
})

var _ = Requirement("HTTP01-04", func(e *Env) {
	e.Relay(80, 5080)
	server := e.Start(e.HTTP01())
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveValidated("http-01", e.Hostname))
})

var _ = Requirement("HTTP01-05", func(e *Env) {
	server := e.Start(e.HTTP01(), Forward(80, 5080))
	bothAnswer := func() {
		e.AwaitAnswer(e.Addr(5080))
		Expect(e.Handshake(server, SNI("other.example.test"))).To(AnswerInTLS())
	}
	bothAnswer()
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	bothAnswer()
	Expect(e.GetTLS(server, e.HealthPath())).To(BeHealthy())
})

var _ = Requirement("HTTP01-06", func(e *Env) {
	server := e.Start(e.HTTP01())
	for _, h := range e.ImpatientHandshakes(server, 20) {
		Expect(h).NotTo(HaveFullChainTo(e.CA().Root()))
	}
	Expect(server.Process).To(BeAlive())
	Expect(e.Get(e.Addr(5080), "/")).To(Answer())
	Expect(e.Handshake(server, SNI("other.example.test"))).To(AnswerInTLS())
	Expect(e.Journal()).To(HaveIssuedNothingWithin(5, 10))

	e.Must(e.World.Forward(80, 5080))
	server.Restart()
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
})

var _ = Table("HTTP01-07", func(e *Env, row struct{ Path string }) {
	e.Start(e.HTTP01())
	e.AwaitAnswer(e.Addr(5080))
	Expect(e.Get(e.Addr(5080), row.Path)).To(RedirectTo("https://" + e.Hostname + row.Path))
})

var _ = Table("HTTP01-08", func(e *Env, row struct{ Host, Text string }) {
	issueByHTTP01(e)
	answer := e.Get(e.Addr(5080), ChallengePath+"token", Host(e.Expand(row.Host)))
	Expect(answer).To(HaveStatus(http.StatusForbidden))
	Expect(answer).To(HaveBodyLine(e.Expand(row.Text)))
	e.Observe("error", "other host", answer.Body)
})

var _ = Table("HTTP01-09", func(e *Env, row struct {
	Path     string
	Statuses []int
}) {
	// Beside the cache directory lie keys, under the names that the tokens of
	// such paths lead to; autocert's tokens have an ending (CVE-2022-30636).
	key, err := e.Identity(pki.Spec{}).KeyFile(pki.None)
	e.Must(err)
	for _, name := range []string{"outside", "outside+http-01"} {
		e.Write(name, key)
	}
	hold := e.HoldValidation(80)
	defer hold.Release()
	server := e.Start(e.HTTP01(), Forward(80, 5080))
	first := InBackground(func() *wire.Handshake { return e.Handshake(server) })
	Expect(e.Get(e.Addr(5080), hold.AwaitPath())).To(HaveStatus(http.StatusOK))
	givesNothing := func() {
		answer := e.Get(e.Addr(5080), e.Expand(row.Path))
		Expect(answer).To(HaveStatus(row.Statuses...))
		Expect(answer).To(HoldNoSecret())
	}
	givesNothing()
	hold.Release()
	Expect(<-first).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveValidated("http-01", e.Hostname))
	givesNothing()
})

var _ = Requirement("HTTP01-10", func(e *Env) {
	taken := e.Addr(5080)
	listener, err := e.World.Listen("tcp", taken)
	e.Must(err)
	defer listener.Close()
	Expect(e.AwaitEnd(e.HTTP01())).To(EndInError(taken))

	e.Must(listener.Close())
	server := e.Start(e.HTTP01(), Forward(80, 5080))
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
})

var _ = Requirement("HTTP01-11", func(e *Env) {
	at80 := e.HTTP01(Settings{"tls_letsencrypt_listen": e.Addr(80)})
	e.Must(e.World.LowPorts(false))
	Expect(e.AwaitEnd(at80)).To(EndInError(e.Addr(80)))

	e.Must(e.World.LowPorts(true))
	Expect(e.Handshake(e.Start(at80))).To(HaveFullChainTo(e.CA().Root()))
})

var _ = Requirement("HTTP01-12", func(e *Env) {
	hold := e.HoldValidation(80)
	defer hold.Release()
	server := e.Start(e.HTTP01(), Forward(80, 5080))
	first := InBackground(func() *wire.Handshake { return e.Handshake(server) })
	path := hold.AwaitPath()
	Expect(e.Get(e.Addr(5080), path)).To(HaveStatus(http.StatusOK))
	Expect(e.Get(e.Addr(5080), path)).NotTo(HoldNoSecret(), "the key authorisation, while the challenge is pending")
	hold.Release()
	Expect(<-first).To(HaveFullChainTo(e.CA().Root()))

	e.Eventually(func(g Gomega) {
		g.Expect(e.Get(e.Addr(5080), path)).To(BeGone())
	}, "the challenge's path to be answered no longer")
	server.Restart()
	Expect(e.Get(e.Addr(5080), path)).To(BeGone())
})

// issueByHTTP01 is the control of specs about what the challenge listener must
// not give: by the same listener the CA has validated the hostname.
func issueByHTTP01(e *Env) *Server {
	server := e.Start(e.HTTP01(), Forward(80, 5080))
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveValidated("http-01", e.Hostname))
	return server
}
