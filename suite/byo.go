package suite

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
)

// The chapter byo: a certificate of the operator's own (scenarios/byo.yaml).

var _ = Requirement("BYO-01", func(s *Scenario) {
	id := s.Identity(pki.Spec{})
	Expect(s.Handshake(s.StartOwn(id))).To(ServeLeaf(id.Leaf))
})

var _ = Table("BYO-02", func(s *Scenario, row struct {
	Cert, Key string
	Links     map[string]string
}) {
	id, decoy := s.Identity(pki.Spec{}), s.Identity(pki.Spec{CommonName: "decoy"})
	s.WritePair(id, behind(row.Cert, row.Links), behind(row.Key, row.Links))
	// The same names below the working directory hold another pair.
	s.WritePair(decoy, filepath.Join("elsewhere/here", row.Cert), filepath.Join("elsewhere/here", row.Key))
	for name, to := range row.Links {
		s.Link(name, to)
	}
	s.MkDir("elsewhere/here") // "elsewhere/here/../pki" alone would not make it
	server := s.Start(s.Own(row.Cert, row.Key), WorkingDir(s.Path("elsewhere/here")))
	Expect(s.Handshake(server)).To(ServeLeaf(id.Leaf))
})

// behind is where a path leads, through the row's symbolic links.
func behind(name string, links map[string]string) string {
	if to, ok := links[name]; ok {
		return filepath.Join(filepath.Dir(name), to)
	}
	return name
}

var _ = Requirement("BYO-03", func(s *Scenario) {
	id, decoy := s.Identity(pki.Spec{}), s.Identity(pki.Spec{CommonName: "decoy"})
	s.WritePair(id, "tls/cert.pem", "tls/key.pem")
	s.WritePair(decoy, "elsewhere/tls/cert.pem", "elsewhere/tls/key.pem")
	server := s.Start(s.Own("tls/cert.pem", "tls/key.pem"), WorkingDir(s.Path("elsewhere")), RelativeConfig)
	Expect(s.Handshake(server)).To(ServeLeaf(id.Leaf))
})

// damaged is a row about a pair that cannot be used: what is wrong with the
// certificate file, with the key file, and which of the two is at fault.
type damaged struct {
	Cert, Key pki.Defect
	Names     []string
}

var _ = Table("BYO-04", func(s *Scenario, row damaged) {
	refusal, _ := s.refuseDamaged(row)
	Expect(refusal).To(BeRefusal())
})

var _ = Table("BYO-05", func(s *Scenario, row damaged) {
	refusal, files := s.refuseDamaged(row)
	var atFault []string
	for _, name := range row.Names {
		atFault = append(atFault, files[name])
	}
	Expect(refusal).To(BeRefusalNamingOneOf(atFault...))
})

// refuseDamaged starts the target with a good pair, as the control, and then
// with the damaged one in the same files.
func (s *Scenario) refuseDamaged(row damaged) (*Refusal, map[string]string) {
	id := s.Identity(pki.Spec{})
	control := s.StartOwn(id)
	Expect(s.Handshake(control)).To(ServeLeaf(id.Leaf))
	control.Stop()

	files := map[string]string{"cert": s.Path("cert.pem"), "key": s.Path("key.pem")}
	s.damage(files["cert"], row.Cert, id.CertFile)
	s.damage(files["key"], row.Key, id.KeyFile)
	return s.Refuse(control.Keys), files
}

// damage does to one file of a pair what a row says; content gives the file's
// bytes with a defect.
func (s *Scenario) damage(path string, defect pki.Defect, content func(pki.Defect) ([]byte, error)) {
	s.must(os.Remove(path))
	switch defect {
	case "missing":
	case "directory":
		s.must(os.Mkdir(path, 0o755))
	case "unreadable":
		text, err := content(pki.None)
		s.must(err)
		s.must(os.WriteFile(path, text, 0))
	default:
		text, err := content(defect)
		s.must(err)
		s.must(os.WriteFile(path, text, 0o600))
	}
}

var _ = Table("BYO-09", func(s *Scenario, row struct{ SNI string }) {
	id := s.Identity(pki.Spec{})
	server := s.StartOwn(id)
	Expect(s.Handshake(server, SNI(s.expand(row.SNI)))).To(ServeLeaf(id.Leaf))
})

// versions are the TLS versions as rows name them.
var versions = map[string]uint16{"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

var _ = Table("BYO-10", func(s *Scenario, row struct{ Version string }) {
	id := s.Identity(pki.Spec{})
	Expect(s.Handshake(s.StartOwn(id), Version(versions[row.Version]))).To(ServeLeaf(id.Leaf))
})

var _ = Table("BYO-11", func(s *Scenario, row struct{ Version string }) {
	id := s.Identity(pki.Spec{})
	server := s.StartOwn(id)
	Expect(s.Handshake(server)).To(ServeLeaf(id.Leaf))
	// protocol_version is the alert for it (RFC 8446 §4.2.1); a server without
	// the old ciphers may say handshake_failure.
	const protocolVersion, handshakeFailure, insufficientSecurity = 70, 40, 71
	Expect(s.Handshake(server, Version(versions[row.Version]))).To(EndInAlert(protocolVersion, handshakeFailure, insufficientSecurity))
})

// expand fills a row's text with what only the spec knows.
func (s *Scenario) expand(text string) string {
	v4, v6 := s.World.Host()
	return strings.NewReplacer("{hostname}", s.Hostname, "{HOSTNAME}", strings.ToUpper(s.Hostname), "{v4}", v4.String(), "{v6}", v6.String()).Replace(text)
}

// expandAll is expand for each text of a list.
func (s *Scenario) expandAll(texts []string) []string {
	var all []string
	for _, text := range texts {
		all = append(all, s.expand(text))
	}
	return all
}
