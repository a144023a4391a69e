package suite

import (
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
	"assay/pebble"
	. "assay/suite/internal/harness"
	"assay/suite/internal/harness/rows"
	. "assay/suite/internal/match"
	"assay/suite/internal/wire"
)

// The specs below judge the chapter http-01, the challenge over plain HTTP
// (scenarios/http-01.yaml).

var _ = Requirement("HTTP01-01", func(e *Env) {
	expectChallengeAnswered(e, Settings{"tls_letsencrypt_listen": nil},
		e.Addr(80), e.Addr6(80), "127.0.0.1:80", "[::1]:80")
})

// expectChallengeAnswered starts a server with these settings and expects it to
// answer a pending HTTP-01 challenge at each of the addresses. What it answers to
// other requests does not count.
func expectChallengeAnswered(e *Env, settings Settings, addresses ...string) *Server {
	hold := e.HoldValidation(80)
	defer hold.Release()
	server := e.Start(e.HTTP01(settings))
	first := InBackground(func() *wire.Handshake { return e.HandshakeWhenIssued(server) })
	path := hold.AwaitPath()
	for _, address := range addresses {
		Expect(e.Get(address, path)).To(ServeKeyAuthorization(path), address)
	}
	hold.Release()
	Expect(<-first).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveValidated("http-01", e.Hostname))
	return server
}

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
	// The control shows that challenges are answered at such a listener.
	control := e.Start(e.HTTP01(), Forward(80, 5080))
	Expect(e.Handshake(control)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveValidated("http-01", e.Hostname))
	control.Stop()
	e.Must(e.World.Unforward(80))

	e.Start(e.HTTP01(Settings{"tls_letsencrypt_listen": e.Expand(row.Listen)}))
	for _, address := range row.Answers {
		e.AwaitListener(e.Expand(address))
	}
	for _, address := range row.Silent {
		silent := e.ConnectError(e.Expand(address))
		Expect(silent).To(HaveOccurred(), "something listens at "+address)
	}
})

var _ = Requirement("HTTP01-04", func(e *Env) {
	e.Relay(80, 5080)
	server := e.Start(e.HTTP01())
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveValidated("http-01", e.Hostname))
})

var _ = Requirement("HTTP01-05", func(e *Env) {
	hold := e.HoldValidation(80)
	defer hold.Release()
	server := e.Start(e.HTTP01(), Forward(80, 5080))
	bothListen := func() {
		e.AwaitListener(e.Addr(5080))
		e.AwaitListener(server.Address())
	}
	bothListen()
	first := InBackground(func() *wire.Handshake { return e.HandshakeWhenIssued(server) })
	path := hold.AwaitPath()
	Expect(e.Get(e.Addr(5080), path)).To(ServeKeyAuthorization(path))
	bothListen()
	hold.Release()
	seen := <-first
	Expect(seen).To(HaveFullChainTo(e.CA().Root()))
	bothListen()
	Expect(e.GetTLS(server, e.HealthPath())).To(e.BeHealthy())

	// A client of another kind makes some servers order a second certificate. The
	// challenge of that order has to be answered like the first.
	orders := e.Journal().Requests(pebble.KindNewOrder)
	second := e.Handshake(server, OtherKeyTypeThan(seen))
	if len(e.Journal().Requests(pebble.KindNewOrder)) > len(orders) {
		Expect(second).To(HaveFullChainTo(e.CA().Root()), "a client of another kind")
	}
})

var _ = Requirement("HTTP01-06", func(e *Env) {
	server := e.Start(e.HTTP01())
	for _, h := range e.ImpatientHandshakes(server, 20) {
		Expect(h).NotTo(HaveFullChainTo(e.CA().Root()))
	}
	e.ExpectFewAttempts(server)
	Expect(server.Process).To(BeAlive())
	e.AwaitListener(e.Addr(5080))
	e.AwaitListener(server.Address())

	e.Must(e.World.Forward(80, 5080))
	server.Restart()
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
}, Slow)

var _ = Table("HTTP01-07", func(e *Env, row rows.Redirection) {
	if !row.Absent {
		e.NeedsKey("server_url")
	}
	e.Start(e.HTTP01(row.Settings(e)))
	e.AwaitListener(e.Addr(5080))
	answer := row.Ask(e)
	if row.MayRefuse && !Redirects(answer) {
		return
	}
	Expect(answer).To(RedirectTo(e.ExpandAll(row.Leads)...))
}, MayWarn)

var _ = Requirement("HTTP01-20", func(e *Env) {
	server := issueByHTTP01(e)
	answer := e.Get(e.Addr(5080), "/")
	Expect(answer).To(BeRedirect())
	e.Observe("protocol", "redirect", answer.Status)
	Expect(server.Process).To(BeAlive())
})

var _ = Table("HTTP01-08", func(e *Env, row struct{ Host, Text string }) {
	issueByHTTP01(e)
	answer := e.Get(e.Addr(5080), ChallengePath+"token", Host(e.Expand(row.Host)))
	Expect(answer).To(HaveStatus(http.StatusForbidden))
	Expect(answer).To(HaveBodyLine(e.Expand(row.Text)))
	e.Observe("error", "other host", answer.Body)
})

var _ = Table("HTTP01-09", func(e *Env, row struct{ Path string }) {
	// Keys lie beside the cache directory, at the names to which the tokens of
	// such paths lead. The files of autocert's tokens have a suffix
	// (CVE-2022-30636).
	key, err := e.Identity(pki.Spec{}).KeyFile(pki.None)
	e.Must(err)
	for _, name := range []string{"outside", "outside+http-01"} {
		e.Write(name, key)
	}
	hold := e.HoldValidation(80)
	defer hold.Release()
	server := e.Start(e.HTTP01(), Forward(80, 5080))
	first := InBackground(func() *wire.Handshake { return e.HandshakeWhenIssued(server) })
	pending := hold.AwaitPath()
	Expect(e.Get(e.Addr(5080), pending)).To(ServeKeyAuthorization(pending))
	givesNothing := func() {
		given := e.Get(e.Addr(5080), e.Expand(row.Path))
		Expect(given).To(HoldNoSecret())
		Expect(given).To(Withhold(KeysAlone(SecretsBelow(e, "."))...))
	}
	givesNothing()
	hold.Release()
	Expect(<-first).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveValidated("http-01", e.Hostname))
	givesNothing()
})

var _ = Table("HTTP01-10", func(e *Env, row struct {
	EveryAddress bool `yaml:"every_address"`
}) {
	if row.EveryAddress {
		serves := func(server *Server) {
			Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
		}
		expectWholePort(e, e.HTTP01(), "tls_letsencrypt_listen", 5080, serves, Forward(80, 5080))
		return
	}
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
	e.Must(e.World.AllowLowPorts(false))
	Expect(e.AwaitEnd(at80)).To(EndInError(e.Addr(80)))

	e.Must(e.World.AllowLowPorts(true))
	Expect(e.Handshake(e.Start(at80))).To(HaveFullChainTo(e.CA().Root()))
})

var _ = Requirement("HTTP01-12", func(e *Env) {
	hold := e.HoldValidation(80)
	defer hold.Release()
	server := e.Start(e.HTTP01(), Forward(80, 5080))
	first := InBackground(func() *wire.Handshake { return e.HandshakeWhenIssued(server) })
	path := hold.AwaitPath()
	answer := e.Get(e.Addr(5080), path)
	Expect(answer).To(ServeKeyAuthorization(path))
	authorization := strings.TrimSpace(answer.Body)
	hold.Release()
	Expect(<-first).To(HaveFullChainTo(e.CA().Root()))
	e.SkipUnless(!e.AnswersEveryToken(e.Addr(5080)),
		"the target answers every token, also one that no CA has sent: it keeps nothing of a challenge")

	e.Eventually(func(g Gomega) {
		g.Expect(e.Get(e.Addr(5080), path)).To(Withhold(authorization))
	}, "the challenge's path to be answered no longer")
	server.Restart()
	e.AwaitListener(e.Addr(5080))
	Expect(e.Get(e.Addr(5080), path)).To(Withhold(authorization))
})

var _ = Table("HTTP01-13", func(e *Env, row Perspectives) {
	e.UsePerspectives(row)
	server := e.Start(e.HTTP01(), Forward(80, 5080))
	expectPerspectivesAnswered(e, server, "http-01", row)
})

var _ = Requirement("HTTP01-14", func(e *Env) {
	late := Perspectives{Remote: 2, Last: lastLook}
	e.UsePerspectives(late)
	server := e.Start(e.HTTP01(), Forward(80, 5080))
	expectPerspectivesAnswered(e, server, "http-01", late)
}, Slow)

// lastLook is how long after the first perspective the last one looks.
const lastLook = 3 * time.Second

// expectPerspectivesAnswered lets the server get its first certificate, and expects that
// each perspective of the CA that could reach it had its answer.
func expectPerspectivesAnswered(e *Env, server *Server, challenge string, p Perspectives) {
	seen := e.Handshake(server)
	Expect(e.Journal()).To(HaveAnsweredPerspectives(challenge, 1+p.Remote-p.Away))
	Expect(seen).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveValidated(challenge, e.Hostname))
}

// issueByHTTP01 starts a server and lets the CA validate the hostname through its
// challenge listener. It is the control of specs about what that listener must
// not answer.
func issueByHTTP01(e *Env) *Server {
	server := e.Start(e.HTTP01(), Forward(80, 5080))
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveValidated("http-01", e.Hostname))
	return server
}

var _ = Requirement("HTTP01-15", func(e *Env) {
	server := issueByHTTP01(e)
	// The first page may tell of the connection, so the two are never the same. A health
	// check alone proves nothing: balancers ask for it without TLS.
	secure, plain := e.GetTLS(server, "/"), e.Get(e.Addr(5080), "/")
	if secure.Status == http.StatusOK && plain.Status == http.StatusOK {
		healthy := e.GetTLS(server, e.HealthPath())
		Expect(e.Get(e.Addr(5080), e.HealthPath())).NotTo(ShowTheSameAs(healthy))
	}
	Expect(server.Process).To(BeAlive())
})
