package suite

import (
	"crypto/x509"
	"fmt"
	"os/exec"
	"time"

	"github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
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
	old := s.Expiring()
	server := s.StartACME(Keys{"listen_addr": s.Addr(443)})
	Expect(s.documentedDates()).To(Print(opensslDates(old.Leaf)), "before the renewal, which the first look sets off")
	renewed := s.AwaitRenewal(server, old)
	Expect(s.documentedDates()).To(Print(opensslDates(renewed.Leaf())), "after the renewal")
})

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
