package suite

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"

	. "github.com/onsi/gomega"

	"assay/pebble"
	"assay/suite/wire"
)

// The chapter acme: a certificate from an ACME CA, whichever challenge proves
// the name (scenarios/acme.yaml).

var _ = Requirement("ACME-01", func(s *Scenario) {
	server := s.StartACME()
	seen := s.Handshake(server)
	Expect(seen).To(HaveFullChainTo(s.CA().Root()))
	Expect(seen).To(ServeNamesExactly(s.Hostname))
	s.ObserveChain("issued", seen)
	s.ObserveIssuance("issuance")
})

var _ = Table("ACME-02", func(s *Scenario, row struct {
	Dir               string
	Absolute, Omitted bool
}) {
	var value any = row.Dir
	switch {
	case row.Absolute:
		value = s.Path(row.Dir)
	case row.Omitted:
		value = nil
	}
	s.MkDir("elsewhere")
	server := s.StartACME(Keys{"tls_letsencrypt_cache_dir": value}, WorkingDir(s.Path("elsewhere")))
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))

	Expect(s.Path(row.Dir)).To(HoldFiles())
	Expect(s.Path("elsewhere")).NotTo(HoldFiles())
})

var _ = Requirement("ACME-03", func(s *Scenario) {
	server := s.StartACME()
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))

	cache := s.Path("cache")
	Expect(cache).To(HoldFiles())
	Expect(cache).To(HaveMode(0o700))
	s.must(filepath.WalkDir(cache, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			Expect(path).To(HaveMode(0o600))
		}
		return err
	}))
	s.ObserveFiles("cache", cache)
})

var _ = Requirement("ACME-04", func(s *Scenario) {
	server := s.StartACME()
	first := s.Handshake(server)
	Expect(first).To(HaveFullChainTo(s.CA().Root()))
	server.Restart()
	Expect(s.Handshake(server)).To(ServeLeaf(first.Leaf()))
	Expect(s.Journal()).To(HaveIssued(1))
})

var _ = Requirement("ACME-07", func(s *Scenario) {
	const clients = 50
	server := s.StartACME()
	seen := make([]*wire.Handshake, clients)
	var wait sync.WaitGroup
	for i := range seen {
		wait.Go(func() { seen[i] = s.Handshake(server) })
	}
	wait.Wait()
	kinds := map[string]bool{}
	for i, h := range seen {
		Expect(h).To(HaveFullChainTo(s.CA().Root()), fmt.Sprintf("client %d of %d", i+1, clients))
		kinds[h.Leaf().PublicKeyAlgorithm.String()] = true
	}
	Expect(s.Journal()).To(HaveIssued(len(kinds)))
})

var _ = Requirement("ACME-12", func(s *Scenario) {
	server := s.StartACME()
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	requests, files := s.Journal().Requests(pebble.KindAny), s.files()

	for i := range 200 {
		name := fmt.Sprintf("name%d.example.test", i)
		Expect(s.Handshake(server, SNI(name))).NotTo(HaveFullChainTo(s.CA().Root()), name)
	}
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal().Requests(pebble.KindAny)).To(Equal(requests), "requests to the CA, before and after handshakes for 200 other names")
	Expect(s.files()).To(Equal(files), "files, before and after handshakes for 200 other names")
})

// StartACME starts the target with a certificate from the spec's CA, by the
// challenge that it claims; TLS-ALPN-01 where it claims both, since that needs
// no second listener.
func (s *Scenario) StartACME(settings ...any) *Server {
	over, options := Keys{}, []StartOption{}
	for _, setting := range settings {
		switch v := setting.(type) {
		case Keys:
			over = over.with(v)
		case StartOption:
			options = append(options, v)
		}
	}
	if s.plan.target.Claims("tls-alpn-01") {
		return s.Start(s.ALPN01(over), options...)
	}
	return s.Start(s.HTTP01(over), append(options, Forward(80, 5080))...)
}
