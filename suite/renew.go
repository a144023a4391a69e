package suite

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"assay/pebble"
	"assay/suite/internal/sut"
)

// renewsOneOfTwo proves that a certificate is not renewed, without waiting for
// nothing to happen. One server has two certificates of the same lifetime in
// its cache, with ECDSA and with RSA keys. The second is due. By the time that
// it has been renewed, the first, which was looked up before it, would have
// been too. What is to be done first is done when the server is ready.
func (s *Scenario) renewsOneOfTwo(left, due, lifetime time.Duration, first ...func(*Server)) *Server {
	ginkgo.GinkgoHelper()
	kept := s.CacheCertificate("cache", left, lifetime)
	old := s.CacheCertificate("cache", due, lifetime, WithRSAKey)
	server := s.startOffering(s.ownChallenge())
	for _, do := range first {
		do(server)
	}
	Expect(s.Handshake(server)).To(ServeLeaf(kept.Leaf))
	Expect(s.Handshake(server, RSAOnly())).To(Complete())
	s.Eventually(func(g Gomega) {
		renewed := s.Handshake(server, RSAOnly())
		g.Expect(renewed).NotTo(ServeLeaf(old.Leaf))
		g.Expect(renewed).To(HaveFullChainTo(s.CA().Root()))
	}, "the control, a certificate with "+due.String()+" left, to be renewed")

	Expect(s.Handshake(server)).To(ServeLeaf(kept.Leaf))
	Expect(s.Path("cache", s.Hostname)).To(HoldCertificate(kept.Leaf))
	Expect(s.Journal()).To(HaveOrdered(1))
	Expect(s.Journal()).To(HaveIssued(1))
	return server
}

// startOffering starts the target with a certificate from a CA that offers one
// challenge type alone: no order fails for want of another.
func (s *Scenario) startOffering(challenge string) *Server {
	ginkgo.GinkgoHelper()
	s.UseCA(func(o *pebble.Options) { o.Offer = []string{challenge} })
	return s.StartACME()
}

// startBy starts the target with a certificate from the spec's CA by this
// challenge type, if it claims that.
func (s *Scenario) startBy(challenge string) *Server {
	ginkgo.GinkgoHelper()
	s.NeedsClaim(challenge)
	if challenge == "http-01" {
		return s.Start(s.HTTP01(), Forward(80, 5080))
	}
	return s.Start(s.ALPN01())
}

// renewalRefused is the detail of the problem by which the CA refuses.
const renewalRefused = "Renewal is refused until the operator pays the bill 4711"

// failRenewal makes the CA fail in the way that a row names.
func (s *Scenario) failRenewal(how string) {
	ginkgo.GinkgoHelper()
	switch how {
	case "unreachable":
		s.CA().Down()
	case "server-error":
		s.Disturb(pebble.Status(pebble.KindAny, http.StatusInternalServerError).Persistently())
	case "refused":
		s.Disturb(pebble.Fail(pebble.KindNewOrder, pebble.Problem{
			Type: "urn:ietf:params:acme:error:unauthorized", Detail: renewalRefused, Status: http.StatusForbidden,
		}).Persistently())
	default:
		s.fail("unknown fault " + how)
	}
}

// awaitFailure waits until the server has tried to renew, in vain.
func (s *Scenario) awaitFailure() {
	ginkgo.GinkgoHelper()
	s.Await("an attempt to renew that the CA fails", func(j *pebble.Journal) bool {
		return j.Count(func(e pebble.Entry) bool { return e.Fault != "" }) > 0
	})
}

// awaitFailedValidation waits until the CA has looked for the answer to a
// challenge of the configured type in vain, and returns its reason, with
// "<token>" in the token's place.
func (s *Scenario) awaitFailedValidation() (reason string) {
	ginkgo.GinkgoHelper()
	s.Await("a failed validation by "+s.ownChallenge(), func(j *pebble.Journal) bool {
		for _, e := range j.Validations() {
			if e.Challenge == s.ownChallenge() && !e.Valid() {
				reason = e.Detail
			}
		}
		return reason != ""
	})
	return reason
}

// refuseHandshake lets the server refuse a handshake for this foreign name, and waits
// for the line about it. It is the control of specs about a log that stays
// silent, and two such lines tell what was written in between from what a
// server says at start, and from what came late.
func (s *Scenario) refuseHandshake(server *Server, name string) {
	ginkgo.GinkgoHelper()
	Expect(s.Handshake(server, SNI(name))).To(EndInAnAlert())
	server.WaitLog("a line about the handshake for "+name, mentions(name))
}

// containsAll selects log lines with each of these texts.
func containsAll(texts []string) func(sut.Line) bool {
	return func(l sut.Line) bool {
		return !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(l.Words(), text) })
	}
}
