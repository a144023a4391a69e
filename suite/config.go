package suite

import (
	"errors"
	"os"
	"strconv"
	"strings"

	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
	. "assay/suite/internal/harness"
	. "assay/suite/internal/match"
)

// The chapter config: what the configuration file may say, and what is
// refused (scenarios/config.yaml).

var _ = Table("CFG-01", func(e *Env, row struct{ Keys Settings }) {
	journal := e.Journal()
	server := e.Start(e.Plain(Settings{"acme_url": e.CA().DirectoryURL()}, row.Keys))

	Expect(e.Get(server.Address(), e.HealthPath())).To(BeHealthy())
	Expect(e.Handshake(server)).NotTo(Complete())
	Expect(journal).To(HaveNoRequests())
})

var _ = Table("CFG-02", func(e *Env, row struct{ Set []string }) {
	cert, key := e.WritePair(e.Identity(pki.Spec{}), "cert.pem", "key.pem")
	control := e.Start(e.Own(cert, key))
	Expect(e.Handshake(control)).To(Complete())
	control.Stop()

	own := e.Own(cert, key)
	both := e.ACME()
	for _, name := range row.Set {
		both[name] = own[name]
	}
	Expect(e.Refuse(both)).To(BeRefusal(e.NamesOf(append(row.Set, "tls_letsencrypt_hostname")...)...))
})

var _ = Table("CFG-03", func(e *Env, row struct{ Set, Missing string }) {
	cert, key := e.WritePair(e.Identity(pki.Spec{}), "cert.pem", "key.pem")
	control := e.Start(e.Own(cert, key))
	Expect(e.Handshake(control)).To(Complete())
	control.Stop()

	Expect(e.Refuse(e.Own(cert, key, Settings{row.Missing: nil}))).To(BeRefusal(e.NamesOf(row.Missing)...))
})

var _ = Table("CFG-04", func(e *Env, row struct{ Keys Settings }) {
	e.Start(e.HTTP01()).Stop()

	Expect(e.Refuse(e.HTTP01(row.Keys))).To(BeRefusal(append(e.NamesOf("tls_letsencrypt_challenge_type"), "HTTP-01", "TLS-ALPN-01")...))
})

var _ = Requirement("CFG-05", func(e *Env) {
	server := e.Start(e.HTTP01(Settings{
		"tls_letsencrypt_listen":         nil,
		"tls_letsencrypt_cache_dir":      nil,
		"tls_letsencrypt_challenge_type": nil,
	}))
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveValidated("http-01", e.Hostname))
	Expect(e.Path(".cache")).To(HoldFiles())
	for _, address := range []string{e.Addr(80), e.Addr6(80), "127.0.0.1:80", "[::1]:80"} {
		e.AwaitListener(address)
	}
})

var _ = Table("CFG-06", func(e *Env, row struct {
	Own    bool
	Scheme string
}) {
	e.NeedsKey("server_url")
	id := e.Identity(pki.Spec{})
	suits := e.Plain()
	if row.Own {
		suits = e.Own(e.WritePair(id, "cert.pem", "key.pem"))
	}
	serve := func(keys Settings) *Server {
		server := e.Start(keys)
		if row.Own {
			Expect(e.Handshake(server)).To(ServeLeaf(id.Leaf))
		} else {
			Expect(e.Get(server.Address(), e.HealthPath())).To(BeHealthy())
		}
		server.Stop()
		return server
	}
	control := serve(suits)
	Expect(serve(suits.With(Settings{"server_url": row.Scheme + "://" + e.Hostname})).Log()).To(WarnUnlike(control.Log(), e.AnyNameOf("server_url")...))
}, MayWarn)

var _ = Table("CFG-07", func(e *Env, row struct{ Host string }) {
	e.NeedsKey("server_url")
	serve := func(over Settings) *Server {
		server := e.StartACME(over)
		Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
		server.Stop()
		return server
	}
	control := serve(nil)
	other := serve(Settings{"server_url": "https://" + e.Expand(row.Host)})
	Expect(other.Log()).To(WarnUnlike(control.Log(), e.AnyNameOf("server_url", "tls_letsencrypt_hostname")...))
}, MayWarn)

var _ = Table("CFG-08", func(e *Env, row struct{ Instead, Raw string }) {
	control := e.Start(e.Plain())
	Expect(e.Get(control.Address(), e.HealthPath())).To(BeHealthy())
	control.Stop()

	instead := map[string]StartOption{
		"":           RawConfig([]byte(row.Raw)),
		"nothing":    NoConfig,
		"unreadable": UnreadableConfig,
		"directory": ChangeConfig(func(path string) error {
			return errors.Join(os.Remove(path), os.Mkdir(path, 0o755))
		}),
	}
	Expect(e.Refuse(e.Plain(), instead[row.Instead])).To(BeRefusal(control.ConfigName()))
})

var _ = Table("CFG-09", func(e *Env, row struct {
	Raw     string
	Missing bool
}) {
	control := e.Start(e.Plain())
	Expect(e.Get(control.Address(), e.HealthPath())).To(BeHealthy())
	control.Stop()

	spoil := RawConfig([]byte(row.Raw))
	if row.Missing {
		spoil = NoConfig
	}
	refusal := e.Refuse(e.Plain(), spoil)
	Expect(refusal).To(BeRefusal())
	Expect(refusal).To(SpeakOnStderr(control.ConfigName()))
})

var _ = Table("CFG-10", func(e *Env, row struct{ Append, Key string }) {
	e.SkipUnless(e.ReadsYAML(), "the target's configuration is not headscale's YAML, so nothing can be appended to it")
	control := e.Start(e.Plain())
	Expect(e.Get(control.Address(), e.HealthPath())).To(BeHealthy())
	control.Stop()

	Expect(e.Refuse(e.Plain(), appendConfig(func(string) string { return row.Append }))).To(BeRefusal(row.Key))
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

var _ = Table("CFG-11", func(e *Env, row struct {
	Line   string
	Number int
}) {
	e.SkipUnless(e.ReadsYAML(), "the target's configuration is not headscale's YAML, so nothing can be appended to it")
	at := func(line string) StartOption {
		return appendConfig(func(text string) string {
			return strings.Repeat("#\n", row.Number-1-strings.Count(text, "\n")) + line + "\n"
		})
	}
	control := e.Start(e.Plain(), at("# nothing"))
	Expect(e.Get(control.Address(), e.HealthPath())).To(BeHealthy())
	control.Stop()

	Expect(e.Refuse(e.Plain(), at(row.Line))).To(BeRefusal(strconv.Itoa(row.Number)))
})

var _ = Table("CFG-12", func(e *Env, row listener) {
	keys, serves := listening(e, row)
	address := keys["listen_addr"].(string)
	taken, err := e.World.Listen("tcp", address)
	e.Must(err)
	defer taken.Close()
	Expect(e.AwaitEnd(keys)).To(EndInError(address))

	e.Must(taken.Close())
	serves(e.Start(keys))
})

var _ = Table("CFG-13", func(e *Env, row listener) {
	keys, serves := listening(e, row)
	e.Must(e.World.LowPorts(false))
	Expect(e.AwaitEnd(keys)).To(EndInError(keys["listen_addr"].(string)))

	e.Must(e.World.LowPorts(true))
	serves(e.Start(keys))
})

// listener is a row about one of the three kinds of server, at a port.
type listener struct {
	Kind string
	Port int
}

// listening is the row's configuration, and what shows that such a server
// serves.
func listening(e *Env, row listener) (keys Settings, serves func(*Server)) {
	at := Settings{"listen_addr": e.Addr(row.Port)}
	switch row.Kind {
	case "plain":
		return e.Plain(at), func(server *Server) { Expect(e.Get(server.Address(), e.HealthPath())).To(BeHealthy()) }
	case "own":
		e.NeedsClaim("byo")
		id := e.Identity(pki.Spec{})
		cert, key := e.WritePair(id, "cert.pem", "key.pem")
		return e.Own(cert, key, at), func(server *Server) { Expect(e.Handshake(server)).To(ServeLeaf(id.Leaf)) }
	default:
		e.NeedsClaim("acme")
		e.Must(e.World.Forward(80, 5080)) // to the challenge listener, if there is one
		return e.ACME(at), func(server *Server) { Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root())) }
	}
}
