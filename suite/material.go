package suite

import (
	"os"
	"path/filepath"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"assay/fixtures/pki"
)

// Identity mints a certificate for the spec's hostname, unless the
// specification names others or, by a list that is empty but there, none.
func (s *Scenario) Identity(spec pki.Spec) *pki.Identity {
	ginkgo.GinkgoHelper()
	if spec.Names == nil {
		spec.Names = []string{s.Hostname}
	}
	id, err := pki.New(spec)
	s.must(err)
	return id
}

// WritePair writes an identity's full chain and key to the two files, and
// returns their absolute paths.
func (s *Scenario) WritePair(id *pki.Identity, cert, key string) (certPath, keyPath string) {
	ginkgo.GinkgoHelper()
	text, err := id.KeyFile(pki.None)
	s.must(err)
	return s.Write(cert, id.ChainPEM()), s.Write(key, text)
}

// StartOwn starts the target with this identity as its own certificate.
func (s *Scenario) StartOwn(id *pki.Identity, options ...StartOption) *Server {
	ginkgo.GinkgoHelper()
	cert, key := s.WritePair(id, "cert.pem", "key.pem")
	return s.Start(s.Own(cert, key), options...)
}

// CacheCertificate puts a certificate for the hostname that has left to live
// into a cache directory, in the form of autocert's DirCache, as if an earlier
// run of the server had obtained it. autocert keeps certificates with ECDSA
// and with RSA keys side by side; see [WithRSAKey].
func (s *Scenario) CacheCertificate(dir string, left, lifetime time.Duration, change ...func(*pki.Spec)) *pki.Identity {
	ginkgo.GinkgoHelper()
	spec := pki.Spec{Intermediates: 1, Lifetime: lifetime, Age: pki.Left(left, lifetime)}
	for _, c := range change {
		c(&spec)
	}
	id := s.Identity(spec)
	entry, err := pki.AutocertCacheEntry(id)
	s.must(err)
	s.must(os.MkdirAll(s.Path(dir), 0o700))
	s.must(os.WriteFile(s.Path(dir, pki.AutocertCacheName(s.Hostname, id)), entry, 0o600))
	return id
}

// WithRSAKey gives a certificate an RSA key.
func WithRSAKey(spec *pki.Spec) { spec.Key = pki.RSA2048 }

// Link makes a symbolic link below the spec's directory; to is what the link
// says.
func (s *Scenario) Link(name, to string) {
	ginkgo.GinkgoHelper()
	path := s.Path(name)
	s.must(os.MkdirAll(filepath.Dir(path), 0o755))
	s.must(os.Symlink(to, path))
}

// MkDir makes a directory below the spec's.
func (s *Scenario) MkDir(name string) {
	ginkgo.GinkgoHelper()
	s.must(os.MkdirAll(s.Path(name), 0o755))
}

// serveAndStop starts the target with this pair, sees it served and stops it:
// what is in its log then was said at start.
func (s *Scenario) serveAndStop(id *pki.Identity) *Server {
	ginkgo.GinkgoHelper()
	server := s.StartOwn(id)
	gomega.Expect(s.Handshake(server)).To(ServeLeaf(id.Leaf))
	server.Stop()
	return server
}
