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
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	"assay/fixtures/pki"
)

// The chapter expiry: what an operator sees when asking how long a certificate
// lasts (scenarios/expiry.yaml).

var _ = Requirement("EXPIRY-01", func(s *Scenario) {
	s.needsOpenSSL()
	server := s.StartACME(Keys{"listen_addr": s.Addr(443)})
	seen := s.Handshake(server)
	Expect(seen).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.documentedDates()).To(Print(opensslDates(seen.Leaf())))
})

var _ = Requirement("EXPIRY-02", func(s *Scenario) {
	s.needsOpenSSL()
	hold := s.holdOwnChallenge() // a server may renew before anybody has looked
	defer hold.Release()
	old := s.Expiring()
	server := s.StartACME(Keys{"listen_addr": s.Addr(443)})
	Expect(s.documentedDates()).To(Print(opensslDates(old.Leaf)), "before the renewal")
	hold.Release()
	renewed := s.AwaitRenewal(server, old)
	Expect(s.documentedDates()).To(Print(opensslDates(renewed.Leaf())), "after the renewal")
})

var _ = Requirement("EXPIRY-03", func(s *Scenario) {
	server := s.StartACME()
	seen := s.Handshake(server)
	Expect(seen).To(HaveFullChainTo(s.CA().Root())) // or no browser need be started
	browser := s.Browser()
	_, port, err := net.SplitHostPort(server.Address())
	s.must(err)
	Expect(browser.Visit("https://" + s.Hostname + ":" + port + "/")).To(ShowDates(seen.Leaf()))
	// The control: this browser looks at certificates.
	control := browser.Visit("https://" + s.untrusted() + "/")
	s.must(control.Silence)
	Expect(control).To(BeRefusedByBrowser())
}, Slow)

// ShowDates: the browser found nothing wrong with the page, and shows the
// dates of this certificate.
func ShowDates(cert *x509.Certificate) types.GomegaMatcher {
	if cert == nil {
		cert = &x509.Certificate{}
	}
	want := Visit{Security: "secure", From: cert.NotBefore.UTC(), To: cert.NotAfter.UTC()}
	return match("a page that the browser takes: "+want.String(), func(v Visit) (bool, string) {
		return v == want, v.String()
	})
}

// BeRefusedByBrowser: the browser does not trust who issued the certificate.
func BeRefusedByBrowser() types.GomegaMatcher {
	return match("a page that the browser refuses for its certificate", func(v Visit) (bool, string) {
		return strings.HasPrefix(v.Refused, "net::ERR_CERT_"), v.String()
	})
}

// untrusted is the address of a server of Assay's own, with a certificate that
// nobody trusts.
func (s *Scenario) untrusted() string {
	ginkgo.GinkgoHelper()
	listener, err := s.World.Listen("tcp", s.Addr(9443))
	s.must(err)
	v4, _ := s.World.Host()
	id := s.Identity(pki.Spec{Names: []string{v4.String()}})
	server := &http.Server{
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{id.Leaf.Raw}, PrivateKey: id.Key}}},
		ErrorLog:  log.New(io.Discard, "", 0),
	}
	go server.ServeTLS(listener, "", "")
	s.closers = append(s.closers, server.Close)
	return listener.Addr().String()
}

// documentedDates runs the pipeline of the documentation and returns what it
// prints.
func (s *Scenario) documentedDates() string {
	ginkgo.GinkgoHelper()
	return s.Shell(fmt.Sprintf("openssl s_client -servername %[1]s -connect %[1]s:443 </dev/null 2>/dev/null | openssl x509 -noout -dates", s.Hostname))
}

func (s *Scenario) needsOpenSSL() {
	ginkgo.GinkgoHelper()
	_, err := exec.LookPath("openssl")
	s.SkipUnless(err == nil, "openssl is not on PATH")
}

// opensslDates is how openssl prints when a certificate begins and ends.
func opensslDates(cert *x509.Certificate) string {
	return fmt.Sprintf("notBefore=%s\nnotAfter=%s\n", opensslDate(cert.NotBefore), opensslDate(cert.NotAfter))
}

// opensslDate is how openssl prints a moment.
func opensslDate(t time.Time) string { return t.UTC().Format("Jan _2 15:04:05 2006 GMT") }
