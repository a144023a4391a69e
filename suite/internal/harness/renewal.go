package harness

import (
	"net/http"
	"time"

	"github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
	"assay/pebble"
	"assay/suite/internal/match"
	"assay/suite/internal/wire"
)

// ExpectOneOfTwoRenewed proves that a certificate is not renewed, without waiting for
// nothing to happen. One server has two certificates of the same lifetime in
// its cache, with ECDSA and with RSA keys. The second is due. By the time that
// it has been renewed, the first, which was looked up before it, would have
// been too. What is to be done first is done when the server is ready.
func (e *Env) ExpectOneOfTwoRenewed(left, due, lifetime time.Duration, first ...func(*Server)) *Server {
	ginkgo.GinkgoHelper()
	kept := e.CacheCertificate("cache", left, lifetime)
	old := e.CacheCertificate("cache", due, lifetime, WithRSAKey)
	server := e.StartOffering(e.OwnChallenge())
	for _, do := range first {
		do(server)
	}
	Expect(e.Handshake(server)).To(match.ServeLeaf(kept.Leaf))
	Expect(e.Handshake(server, RSAOnly())).To(match.Complete())
	e.Eventually(func(g Gomega) {
		renewed := e.Handshake(server, RSAOnly())
		g.Expect(renewed).NotTo(match.ServeLeaf(old.Leaf))
		g.Expect(renewed).To(match.HaveFullChainTo(e.CA().Root()))
	}, "the control, a certificate with "+due.String()+" left, to be renewed")

	Expect(e.Handshake(server)).To(match.ServeLeaf(kept.Leaf))
	Expect(e.Path("cache", e.Hostname)).To(match.HoldCertificate(kept.Leaf))
	Expect(e.Journal()).To(match.HaveOrdered(1))
	Expect(e.Journal()).To(match.HaveIssued(1))
	return server
}

// RenewalRefused is the detail of the problem by which the CA refuses.
const RenewalRefused = "Renewal is refused until the operator pays the bill 4711"

// FailRenewal makes the CA fail in the way that a row names.
func (e *Env) FailRenewal(how string) {
	ginkgo.GinkgoHelper()
	switch how {
	case "unreachable":
		e.CA().Down()
	case "server-error":
		e.Inject(pebble.Status(pebble.KindAny, http.StatusInternalServerError).Persistently())
	case "refused":
		e.Inject(pebble.Fail(pebble.KindNewOrder, pebble.Problem{
			Type: "urn:ietf:params:acme:error:unauthorized", Detail: RenewalRefused, Status: http.StatusForbidden,
		}).Persistently())
	default:
		e.Fail("unknown fault " + how)
	}
}

// AwaitFailure waits until the server has tried to renew, in vain.
func (e *Env) AwaitFailure() {
	ginkgo.GinkgoHelper()
	e.Await("an attempt to renew that the CA fails", func(j *pebble.Journal) bool {
		return j.Count(func(e pebble.Entry) bool { return e.Fault != "" }) > 0
	})
}

// AwaitFailedValidation waits until the CA has looked for the answer to a
// challenge of the configured type in vain, and returns its reason, with
// "<token>" in the token's place.
func (e *Env) AwaitFailedValidation() (reason string) {
	ginkgo.GinkgoHelper()
	e.Await("a failed validation by "+e.OwnChallenge(), func(j *pebble.Journal) bool {
		for _, entry := range j.Validations() {
			if entry.Challenge == e.OwnChallenge() && !entry.Valid() {
				reason = entry.Detail
			}
		}
		return reason != ""
	})
	return reason
}

// RefuseHandshake lets the server refuse a handshake for this foreign name, and waits
// for the line about it. It is the control of specs about a log that stays
// silent, and two such lines tell what was written in between from what a
// server says at start, and from what came late.
func (e *Env) RefuseHandshake(server *Server, name string) {
	ginkgo.GinkgoHelper()
	Expect(e.Handshake(server, SNI(name))).To(match.BeRefused())
	server.WaitLog("a line about the handshake for "+name, Mentions(name))
}

// AwaitCached waits until the certificate that a handshake served is in the cache:
// a server may serve it first and store it then.
func (e *Env) AwaitCached(served *wire.Handshake) {
	e.Eventually(func(g Gomega) {
		g.Expect(e.Path("cache", e.Hostname)).To(match.HoldCertificate(served.Leaf()))
	}, "the certificate that is served to be in the cache")
}

// AwaitRenewal waits until the server serves another certificate than the old
// one, which it must have been asked for once: autocert's timer starts then.
func (e *Env) AwaitRenewal(server *Server, old *pki.Identity) (renewed *wire.Handshake) {
	e.Eventually(func(g Gomega) {
		renewed = e.Handshake(server)
		g.Expect(renewed).To(match.Complete())
		g.Expect(renewed).NotTo(match.ServeLeaf(old.Leaf))
	}, "a renewed certificate to be served")
	return renewed
}

// ExpectRecovery is the control of every spec about a CA in trouble: with the CA well
// again, the same server, restarted, gets its certificate and serves it. The
// restart is there because autocert tries again only after a minute.
func (e *Env) ExpectRecovery(server *Server) {
	ginkgo.GinkgoHelper()
	e.CA().Mend()
	server.Restart()
	Expect(e.Handshake(server)).To(match.HaveFullChainTo(e.CA().Root()), "with the CA well again, after a restart")
}
