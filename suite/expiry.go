package suite

import (
	"fmt"
	"os/exec"
	"time"

	. "github.com/onsi/gomega"
)

// The chapter expiry: what an operator sees when asking how long a certificate
// lasts (scenarios/expiry.yaml).

var _ = Requirement("EXPIRY-01", func(s *Scenario) {
	_, err := exec.LookPath("openssl")
	s.SkipUnless(err == nil, "openssl is not on PATH")

	server := s.StartACME(Keys{"listen_addr": s.Addr(443)})
	seen := s.Handshake(server)
	Expect(seen).To(HaveFullChainTo(s.CA().Root()))

	printed := s.Shell(fmt.Sprintf("openssl s_client -servername %[1]s -connect %[1]s:443 </dev/null 2>/dev/null | openssl x509 -noout -dates", s.Hostname))
	leaf := seen.Leaf()
	Expect(printed).To(Print(fmt.Sprintf("notBefore=%s\nnotAfter=%s\n", opensslDate(leaf.NotBefore), opensslDate(leaf.NotAfter))))
})

// opensslDate is how openssl prints a moment.
func opensslDate(t time.Time) string { return t.UTC().Format("Jan _2 15:04:05 2006 GMT") }
