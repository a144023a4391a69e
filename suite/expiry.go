package suite

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os/exec"
	"time"

	"github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
	. "assay/suite/internal/harness"
	. "assay/suite/internal/match"
)

// The specs below judge the chapter expiry: the dates of a certificate as an
// operator sees them (scenarios/expiry.yaml).

var _ = Requirement("EXPIRY-01", func(e *Env) {
	needsOpenSSL(e)
	server := e.StartACME(Settings{"listen_addr": e.Addr(443)})
	seen := e.Handshake(server)
	Expect(seen).To(HaveFullChainTo(e.CA().Root()))
	Expect(documentedDates(e)).To(Print(opensslDates(seen.Leaf())))
})

var _ = Requirement("EXPIRY-02", func(e *Env) {
	needsOpenSSL(e)
	hold := e.HoldOwnChallenge() // a server may renew before anybody has looked
	defer hold.Release()
	old := e.CacheExpiring()
	server := e.StartACME(Settings{"listen_addr": e.Addr(443)})
	if e.HandshakeOrLeave(server).Err == nil { // others let their clients wait meanwhile
		Expect(documentedDates(e)).To(Print(opensslDates(old.Leaf)), "before the renewal")
	}
	hold.Release()
	renewed := e.AwaitRenewal(server, old)
	Expect(documentedDates(e)).To(Print(opensslDates(renewed.Leaf())), "after the renewal")
})

var _ = Requirement("EXPIRY-03", func(e *Env) {
	server := e.StartACME()
	seen := e.Handshake(server)
	Expect(seen).To(HaveFullChainTo(e.CA().Root()))
	browser := e.Browser()
	_, port, err := net.SplitHostPort(server.Address())
	e.Must(err)
	Expect(browser.Visit("https://" + e.Hostname + ":" + port + "/")).To(ShowDates(seen.Leaf()))
	// The control: the browser refuses a certificate that it does not trust.
	control := browser.Visit("https://" + untrusted(e) + "/")
	e.Must(control.Silence)
	Expect(control).To(BeRefusedByBrowser())
}, Slow)

// untrusted starts a server of Assay's own with a certificate that nobody trusts,
// and returns its address.
func untrusted(e *Env) string {
	ginkgo.GinkgoHelper()
	listener, err := e.World.Listen("tcp", e.Addr(9443))
	e.Must(err)
	v4, _ := e.World.Host()
	id := e.Identity(pki.Spec{Names: []string{v4.String()}})
	pair := tls.Certificate{Certificate: [][]byte{id.Leaf.Raw}, PrivateKey: id.Key}
	server := &http.Server{
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}},
		ErrorLog:  log.New(io.Discard, "", 0),
	}
	go server.ServeTLS(listener, "", "")
	e.Closers = append(e.Closers, server.Close)
	return listener.Addr().String()
}

// documentedDates runs the pipeline of the documentation and returns what it
// prints.
func documentedDates(e *Env) string {
	ginkgo.GinkgoHelper()
	return e.Shell(fmt.Sprintf("openssl s_client -servername %[1]s -connect %[1]s:443 "+
		"</dev/null 2>/dev/null | openssl x509 -noout -dates", e.Hostname))
}

func needsOpenSSL(e *Env) {
	ginkgo.GinkgoHelper()
	_, err := exec.LookPath("openssl")
	e.SkipUnless(err == nil, "openssl is not on PATH")
}

// opensslDates returns the dates of a certificate as openssl prints them.
func opensslDates(cert *x509.Certificate) string {
	from, to := opensslDate(cert.NotBefore), opensslDate(cert.NotAfter)
	return fmt.Sprintf("notBefore=%s\nnotAfter=%s\n", from, to)
}

// opensslDate returns a moment as openssl prints it.
func opensslDate(t time.Time) string { return t.UTC().Format("Jan _2 15:04:05 2006 GMT") }

// The specs below judge the end of an own pair at a time of the target's own.

// startAged starts the target at a time of its own with an own pair.
func startAged(e *Env, spec pki.Spec) (*Server, *pki.Identity) {
	e.UseClock()
	spec.CommonName = e.Hostname
	id := e.Identity(spec)
	return e.StartOwn(id), id
}

// leapDays lets so many days pass, in moves of one day, and looks each day whether the
// server runs.
func leapDays(e *Env, server *Server, days int) {
	for day := range days {
		e.Leap(Day)
		Expect(server.Process).To(BeAlive(), fmt.Sprintf("on day %d", day+1))
	}
}

var _ = Requirement("EXPIRY-10", func(e *Env) {
	server, id := startAged(e, pki.Spec{Lifetime: 5 * Day})
	Expect(e.Handshake(server, Trusting(id.Root))).To(HaveFullChainTo(id.Root))
	leapDays(e, server, 15)
	Expect(e.Handshake(server)).To(ServeLeaf(id.Leaf), "ten days after the end")
	if !e.OffersReload() {
		return
	}
	fresh := e.Identity(pki.Spec{CommonName: e.Hostname, Now: e.Now()})
	server.Replace(fresh)
	e.AwaitPair(server, id, fresh)
}, MayWarn, TimingDependent)

var _ = Requirement("EXPIRY-11", func(e *Env) {
	server, _ := startAged(e, pki.Spec{Lifetime: 21 * Day})
	said := func(days int) string {
		mark := server.Process.Log().Mark()
		leapDays(e, server, days)
		if len(server.Process.Log().Since(mark)) > 0 {
			return "something"
		}
		return "nothing"
	}
	e.Leap(Day)
	e.Observe("log", "in the twenty days before the end of a pair", said(20))
	e.Observe("log", "in the ten days after the end of a pair", said(10))
}, MayWarn, TimingDependent)

var _ = Requirement("EXPIRY-12", func(e *Env) {
	e.UseClock()
	id := e.Identity(pki.Spec{CommonName: e.Hostname, Age: -5 * Day, Lifetime: 90 * Day})
	cert, key := e.WritePair(id, "cert.pem", "key.pem")
	server := e.StartUnlessRefused(e.Own(cert, key)) // BYO-14 says what to think of a refusal
	e.HandshakeOrLeave(server, Trusting(id.Root))    // what it sees is not judged
	leapDays(e, server, 6)
	Expect(e.Handshake(server, Trusting(id.Root))).To(HaveFullChainTo(id.Root),
		"when the certificate was valid")
}, MayWarn, TimingDependent)
