package suite

import (
	"errors"
	"os"

	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
)

// The chapter config: what the configuration file may say, and what is
// refused (scenarios/config.yaml).

var _ = Table("CFG-01", func(s *Scenario, row struct{ Keys Keys }) {
	journal := s.Journal()
	server := s.Start(s.Plain(Keys{"acme_url": s.CA().DirectoryURL()}, row.Keys))

	Expect(s.Get(server.Address(), s.HealthPath())).To(BeHealthy())
	Expect(s.Handshake(server)).NotTo(Complete())
	Expect(journal).To(HaveNoRequests())
})

var _ = Table("CFG-02", func(s *Scenario, row struct{ Set []string }) {
	cert, key := s.WritePair(s.Identity(pki.Spec{}), "cert.pem", "key.pem")
	control := s.Start(s.Own(cert, key))
	Expect(s.Handshake(control)).To(Complete())
	control.Stop()

	own := s.Own(cert, key)
	both := s.HTTP01()
	for _, name := range row.Set {
		both[name] = own[name]
	}
	Expect(s.Refuse(both)).To(BeRefusal(append(row.Set, "tls_letsencrypt_hostname")...))
})

var _ = Table("CFG-03", func(s *Scenario, row struct{ Set, Missing string }) {
	cert, key := s.WritePair(s.Identity(pki.Spec{}), "cert.pem", "key.pem")
	control := s.Start(s.Own(cert, key))
	Expect(s.Handshake(control)).To(Complete())
	control.Stop()

	Expect(s.Refuse(s.Own(cert, key, Keys{row.Missing: nil}))).To(BeRefusal(row.Missing))
})

var _ = Table("CFG-04", func(s *Scenario, row struct{ Keys Keys }) {
	s.Start(s.HTTP01()).Stop()

	Expect(s.Refuse(s.HTTP01(row.Keys))).To(BeRefusal("tls_letsencrypt_challenge_type", "HTTP-01", "TLS-ALPN-01"))
})

var _ = Requirement("CFG-05", func(s *Scenario) {
	server := s.Start(s.HTTP01(Keys{
		"tls_letsencrypt_listen":         nil,
		"tls_letsencrypt_cache_dir":      nil,
		"tls_letsencrypt_challenge_type": nil,
	}))
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
	Expect(s.Journal()).To(HaveValidated("http-01", s.Hostname))
	Expect(s.Path(".cache")).To(HoldFiles())
	for _, address := range []string{s.Addr(80), s.Addr6(80), "127.0.0.1:80", "[::1]:80"} {
		Expect(s.Get(address, "/")).To(Answer(), address)
	}
})

var _ = Table("CFG-08", func(s *Scenario, row struct{ Instead, Raw string }) {
	control := s.Start(s.Plain())
	Expect(s.Get(control.Address(), s.HealthPath())).To(BeHealthy())
	control.Stop()

	instead := map[string]StartOption{
		"":           RawConfig([]byte(row.Raw)),
		"nothing":    NoConfig,
		"unreadable": UnreadableConfig,
		"directory": ChangeConfig(func(path string) error {
			return errors.Join(os.Remove(path), os.Mkdir(path, 0o755))
		}),
	}
	Expect(s.Refuse(s.Plain(), instead[row.Instead])).To(BeRefusal(control.ConfigName()))
})

var _ = Table("CFG-10", func(s *Scenario, row struct{ Append, Key string }) {
	s.SkipUnless(s.ReadsYAML(), "the target's configuration is not headscale's YAML, so nothing can be appended to it")
	control := s.Start(s.Plain())
	Expect(s.Get(control.Address(), s.HealthPath())).To(BeHealthy())
	control.Stop()

	Expect(s.Refuse(s.Plain(), ChangeConfig(func(path string) error {
		file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		defer file.Close()
		_, err = file.WriteString(row.Append)
		return err
	}))).To(BeRefusal(row.Key))
})
