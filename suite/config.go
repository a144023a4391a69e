package suite

import (
	"errors"
	"os"
	"strconv"
	"strings"

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
	both := s.ACME()
	for _, name := range row.Set {
		both[name] = own[name]
	}
	Expect(s.Refuse(both)).To(BeRefusal(s.names(append(row.Set, "tls_letsencrypt_hostname")...)...))
})

var _ = Table("CFG-03", func(s *Scenario, row struct{ Set, Missing string }) {
	cert, key := s.WritePair(s.Identity(pki.Spec{}), "cert.pem", "key.pem")
	control := s.Start(s.Own(cert, key))
	Expect(s.Handshake(control)).To(Complete())
	control.Stop()

	Expect(s.Refuse(s.Own(cert, key, Keys{row.Missing: nil}))).To(BeRefusal(s.names(row.Missing)...))
})

var _ = Table("CFG-04", func(s *Scenario, row struct{ Keys Keys }) {
	s.Start(s.HTTP01()).Stop()

	Expect(s.Refuse(s.HTTP01(row.Keys))).To(BeRefusal(append(s.names("tls_letsencrypt_challenge_type"), "HTTP-01", "TLS-ALPN-01")...))
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
		s.AwaitAnswer(address)
	}
})

var _ = Table("CFG-06", func(s *Scenario, row struct {
	Own    bool
	Scheme string
}) {
	s.NeedsKey("server_url")
	id := s.Identity(pki.Spec{})
	suits := s.Plain()
	if row.Own {
		suits = s.Own(s.WritePair(id, "cert.pem", "key.pem"))
	}
	serve := func(keys Keys) *Server {
		server := s.Start(keys)
		if row.Own {
			Expect(s.Handshake(server)).To(ServeLeaf(id.Leaf))
		} else {
			Expect(s.Get(server.Address(), s.HealthPath())).To(BeHealthy())
		}
		server.Stop()
		return server
	}
	control := serve(suits)
	Expect(serve(suits.with(Keys{"server_url": row.Scheme + "://" + s.Hostname}))).To(WarnUnlike(control, s.called("server_url")...))
})

var _ = Table("CFG-07", func(s *Scenario, row struct{ Host string }) {
	s.NeedsKey("server_url")
	serve := func(over Keys) *Server {
		server := s.StartACME(over)
		Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()))
		server.Stop()
		return server
	}
	control := serve(nil)
	other := serve(Keys{"server_url": "https://" + s.expand(row.Host)})
	Expect(other).To(WarnUnlike(control, s.called("server_url", "tls_letsencrypt_hostname")...))
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

var _ = Table("CFG-09", func(s *Scenario, row struct {
	Raw     string
	Missing bool
}) {
	control := s.Start(s.Plain())
	Expect(s.Get(control.Address(), s.HealthPath())).To(BeHealthy())
	control.Stop()

	spoil := RawConfig([]byte(row.Raw))
	if row.Missing {
		spoil = NoConfig
	}
	refusal := s.Refuse(s.Plain(), spoil)
	Expect(refusal).To(BeRefusal())
	Expect(refusal).To(SpeakOnStderr(control.ConfigName()))
})

var _ = Table("CFG-10", func(s *Scenario, row struct{ Append, Key string }) {
	s.SkipUnless(s.ReadsYAML(), "the target's configuration is not headscale's YAML, so nothing can be appended to it")
	control := s.Start(s.Plain())
	Expect(s.Get(control.Address(), s.HealthPath())).To(BeHealthy())
	control.Stop()

	Expect(s.Refuse(s.Plain(), appendConfig(func(string) string { return row.Append }))).To(BeRefusal(row.Key))
})

// appendConfig adds to the config file what more makes of its text.
func appendConfig(more func(text string) string) StartOption {
	return ChangeConfig(func(path string) error {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, append(text, more(string(text))...), 0o600)
	})
}

var _ = Table("CFG-11", func(s *Scenario, row struct {
	Line   string
	Number int
}) {
	s.SkipUnless(s.ReadsYAML(), "the target's configuration is not headscale's YAML, so nothing can be appended to it")
	at := func(line string) StartOption {
		return appendConfig(func(text string) string {
			return strings.Repeat("#\n", row.Number-1-strings.Count(text, "\n")) + line + "\n"
		})
	}
	control := s.Start(s.Plain(), at("# nothing"))
	Expect(s.Get(control.Address(), s.HealthPath())).To(BeHealthy())
	control.Stop()

	Expect(s.Refuse(s.Plain(), at(row.Line))).To(BeRefusal(strconv.Itoa(row.Number)))
})

var _ = Table("CFG-12", func(s *Scenario, row listener) {
	keys, serves := s.listening(row)
	address := keys["listen_addr"].(string)
	taken, err := s.World.Listen("tcp", address)
	s.must(err)
	defer taken.Close()
	Expect(s.AwaitEnd(keys)).To(EndInError(address))

	s.must(taken.Close())
	serves(s.Start(keys))
})

var _ = Table("CFG-13", func(s *Scenario, row listener) {
	keys, serves := s.listening(row)
	s.must(s.World.AllowLowPorts(false))
	Expect(s.AwaitEnd(keys)).To(EndInError(keys["listen_addr"].(string)))

	s.must(s.World.AllowLowPorts(true))
	serves(s.Start(keys))
})

// listener is a row about one of the three kinds of server, at a port.
type listener struct {
	Kind string
	Port int
}

// listening is the row's configuration, and what shows that such a server
// serves.
func (s *Scenario) listening(row listener) (keys Keys, serves func(*Server)) {
	at := Keys{"listen_addr": s.Addr(row.Port)}
	claimed := func(chapter string) {
		s.SkipUnless(s.plan.target.Claims(chapter), "the target does not claim "+chapter)
	}
	switch row.Kind {
	case "plain":
		return s.Plain(at), func(server *Server) { Expect(s.Get(server.Address(), s.HealthPath())).To(BeHealthy()) }
	case "own":
		claimed("byo")
		id := s.Identity(pki.Spec{})
		cert, key := s.WritePair(id, "cert.pem", "key.pem")
		return s.Own(cert, key, at), func(server *Server) { Expect(s.Handshake(server)).To(ServeLeaf(id.Leaf)) }
	default:
		claimed("acme")
		s.must(s.World.Forward(80, 5080)) // to the challenge listener, if there is one
		return s.ACME(at), func(server *Server) { Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root())) }
	}
}
