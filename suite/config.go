package suite

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
	"assay/pebble"
	. "assay/suite/internal/harness"
	. "assay/suite/internal/match"
)

// The specs below judge the chapter config: what the configuration file may say,
// and what is refused (scenarios/config.yaml).

var _ = Table("CFG-01", func(e *Env, row struct {
	Keys Settings
	Text string // lines that stand in the file as they are
}) {
	e.SkipUnless(row.Text == "" || e.ReadsYAML(), appendsYAML)
	if challenge, set := row.Keys["tls_letsencrypt_challenge_type"].(string); set && e.Claims("acme") {
		e.NeedsClaim(strings.ToLower(challenge)) // the target may refuse the other type
	}
	journal := e.Journal()
	ours := Settings{"acme_url": e.DirectoryURL()}
	var more []StartOption
	if row.Text != "" {
		more = append(more, AppendConfig(func(string) string { return row.Text }))
	}
	server := e.Start(e.Plain(ours, e.ExpandSettings(row.Keys)), more...)

	e.ExpectPlainHTTP(server)
	Expect(e.Handshake(server)).NotTo(AnswerInTLS())
	Expect(server.Listeners()).NotTo(ListenAtPort(e.World.Port(5080)))
	Expect(journal).To(HaveAskedAtMost(pebble.KindNewOrder, 0))
	Expect(server.Listeners()).NotTo(ListenAtPort(e.World.Port(80)))
	server.Stop()

	if row.Keys == nil && (e.Claims("byo") || e.Claims("acme")) {
		control, root := e.StartSecure()
		Expect(e.Handshake(control, Trusting(root))).To(HaveFullChainTo(root))
	}
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
	names := e.NamesOf(append(row.Set, "tls_letsencrypt_hostname")...)
	Expect(e.Refuse(both)).To(BeRefusal(names...))
})

var _ = Table("CFG-03", func(e *Env, row struct {
	Set, Missing string
	Empty        bool // an empty text instead of no key
}) {
	cert, key := e.WritePair(e.Identity(pki.Spec{}), "cert.pem", "key.pem")
	control := e.Start(e.Own(cert, key))
	Expect(e.Handshake(control)).To(Complete())
	control.Stop()

	half := e.Own(cert, key, Settings{row.Missing: nil})
	if row.Empty {
		half = e.Own(cert, key, Settings{row.Missing: ""})
	}
	Expect(e.Refuse(half)).To(BeRefusal(e.NamesOf(row.Missing)...))
})

var _ = Table("CFG-04", func(e *Env, row struct{ Keys Settings }) {
	e.Start(e.HTTP01()).Stop()

	names := append(e.NamesOf("tls_letsencrypt_challenge_type"), "HTTP-01", "TLS-ALPN-01")
	Expect(e.Refuse(e.HTTP01(row.Keys))).To(BeRefusal(names...))
})

var _ = Table("CFG-05", func(e *Env, row struct {
	Absent []string
	Port   int
}) {
	var at Settings
	if row.Port != 0 {
		at = Settings{"listen_addr": e.Addr(row.Port)}
		// A server may attempt other types too, and at port 443 they succeed (ACME-30).
		e.OfferOnly("http-01")
	}
	expectDefaults(e, row.Absent, nil, at)
})

var _ = Table("CFG-23", func(e *Env, row struct {
	Empty []string
	Text  string // instead of empty texts: lines that stand in the file as they are
}) {
	if row.Text == "" {
		expectDefaults(e, row.Empty, "", nil)
		return
	}
	e.SkipUnless(e.ReadsYAML(), appendsYAML)
	expectDefaults(e, row.Empty, nil, nil, AppendConfig(func(string) string { return row.Text }))
})

// letsEncrypt is the host of the directory that acme_url has by default, and
// letsEncryptPath is the path (headscale configuration).
const (
	letsEncrypt     = "acme-v02.api.letsencrypt.org"
	letsEncryptPath = "/directory"
)

// expectDefaults starts a server in which these keys have no value, that is, a
// nil or an empty one, and expects their documented defaults to be in force. The
// name of Let's Encrypt's endpoint leads to the spec's CA.
func expectDefaults(e *Env, keys []string, none any, more Settings, options ...StartOption) {
	const address = "127.0.0.4"
	id := e.Identity(pki.Spec{Names: []string{letsEncrypt}})
	endpoint := e.ServeCA(address+":443", id, letsEncryptPath)
	e.Resolver.Point(letsEncrypt, netip.MustParseAddr(address))
	bundle := e.Write("roots.pem", append(id.RootPEM(), e.CA().EndpointRoot()...))

	settings := e.HTTP01(more)
	for _, key := range keys {
		settings[key] = none
	}
	absent := func(key string) bool { return slices.Contains(keys, key) }
	listeners := []string{e.Addr(80), e.Addr6(80), "127.0.0.1:80", "[::1]:80"}
	if !absent("tls_letsencrypt_listen") {
		e.Must(e.World.Forward(80, 5080))
		listeners = []string{e.Addr(5080)}
	}
	server := e.Start(settings, append(options, TrustOnly(bundle))...)
	for _, address := range listeners {
		e.AwaitListener(address)
	}
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveValidated("http-01", e.Hostname))
	if absent("tls_letsencrypt_cache_dir") {
		Expect(e.Path(".cache")).To(HoldFiles())
	} else {
		Expect(e.Path("cache")).To(HoldFiles())
	}
	if absent("acme_url") || !e.CanSet("acme_url") {
		Expect(endpoint.Names()).To(ContainElement(letsEncrypt), "server names at the default CA")
		Expect(endpoint.Requests()).To(ContainElement("GET "+letsEncryptPath), "requests to it")
	} else {
		Expect(endpoint.Requests()).To(BeEmpty(), "requests to the default CA")
	}
}

var _ = Table("CFG-24", func(e *Env, row struct {
	Mode  string
	Empty bool
}) {
	absent := Settings{"listen_addr": nil}
	if row.Empty {
		absent["listen_addr"] = ""
	}
	defer func() {
		Expect(e.ConnectError(e.Addr(8080))).To(HaveOccurred(), "a listener at another address")
	}()
	if row.Mode == "plain" {
		e.ExpectPlainHTTP(e.Start(e.Plain(absent)))
		return
	}
	if row.Mode == "tls-alpn-01" {
		e.RelayTo(443, "127.0.0.1:8080") // the CA comes to port 443
	}
	_, serves := e.StartIn(row.Mode, absent)
	serves()
}, MayWarn)

var _ = Table("CFG-06", func(e *Env, row struct{ Mode, Scheme string }) {
	e.NeedsKey("server_url")
	serve := func(over Settings) *Server {
		server, serves := e.StartIn(row.Mode, over)
		serves()
		server.Stop()
		return server
	}
	control := serve(nil)
	other := serve(Settings{"server_url": row.Scheme + "://" + e.Hostname})
	Expect(other.Log()).To(WarnUnlike(control.Log(), e.AnyNameOf("server_url")...))
}, MayWarn)

var _ = Table("CFG-07", func(e *Env, row struct {
	Host string
	URLs []string // each of another host, or all of the hostname's
	Same bool
}) {
	e.NeedsKey("server_url")
	serve := func(over Settings) *Server {
		server := e.StartACME(over)
		Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
		server.Stop()
		return server
	}
	control := serve(nil)
	if row.Host != "" {
		row.URLs = []string{"https://" + row.Host}
	}
	warning := WarnUnlike(control.Log(), e.AnyNameOf("server_url", "tls_letsencrypt_hostname")...)
	if row.Same {
		warning = Not(warning)
	}
	for _, url := range e.ExpandAll(row.URLs) {
		Expect(serve(Settings{"server_url": url}).Log()).To(warning, url)
	}
}, MayWarn)

var _ = Table("CFG-08", func(e *Env, row struct{ Instead, Raw string }) {
	control := e.Start(e.Plain())
	e.ExpectPlainHTTP(control)
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
	e.ExpectPlainHTTP(control)
	control.Stop()

	spoil := RawConfig([]byte(row.Raw))
	if row.Missing {
		spoil = NoConfig
	}
	refusal := e.Refuse(e.Plain(), spoil)
	Expect(refusal).To(BeRefusal())
	Expect(refusal).To(SpeakOnStderr(control.ConfigName()))
})

var _ = Table("CFG-10", func(e *Env, row struct {
	Append, Key string
	Values      []string
}) {
	e.SkipUnless(e.ReadsYAML(), appendsYAML)
	if row.Append != "" {
		control := e.Start(e.Plain())
		e.ExpectPlainHTTP(control)
		control.Stop()
		more := AppendConfig(func(string) string { return row.Append })
		Expect(e.Refuse(e.Plain(), more)).To(BeRefusal(row.Key))
		return
	}
	settings, serves := settingsFor(e, row.Key)
	control := e.Start(settings)
	serves(control)
	control.Stop()
	for _, value := range row.Values {
		// A server that takes the value for a text finds a file of this name.
		if !strings.ContainsAny(value, "[{: ") { // it may be no file name
			e.Copy("key.pem", value)
		}
		wrong := AppendConfig(func(string) string { return row.Key + ": " + value + "\n" })
		Expect(e.Refuse(settings.With(Settings{row.Key: nil}), wrong)).To(BeRefusal(row.Key), value)
	}
})

// appendsYAML is the reason for which targets with another syntax are skipped.
const appendsYAML = "the target's configuration is not headscale's YAML, so nothing can be appended"

// settingsFor returns a configuration in which a key has an effect, and what shows
// that a server with this configuration serves.
func settingsFor(e *Env, key string) (Settings, func(*Server)) {
	switch {
	case key == "server_url", key == "listen_addr":
		return e.Plain(), e.ExpectPlainHTTP
	case key == "tls_cert_path", key == "tls_key_path":
		e.NeedsClaim("byo")
		id := e.Identity(pki.Spec{})
		text, err := id.Combined()
		e.Must(err)
		both := e.Write("key.pem", text) // certificate and key in one file fit either key
		return e.Own(both, both), func(server *Server) {
			Expect(e.Handshake(server)).To(ServeLeaf(id.Leaf))
		}
	}
	e.NeedsClaim("acme")
	settings := e.ACME()
	e.Must(e.World.Forward(80, 5080)) // to the challenge listener, if there is one
	return settings, func(server *Server) {
		Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	}
}

var _ = Table("CFG-25", func(e *Env, row struct{ Before, Text, Pair string }) {
	e.SkipUnless(e.ReadsYAML(), appendsYAML)
	id := e.Identity(pki.Spec{})
	e.WritePair(id, "cert.pem", "key.pem")
	if row.Pair != "" {
		key, err := id.KeyFile(pki.None)
		e.Must(err)
		e.Write(row.Pair, append(id.ChainPEM(), key...))
	}
	server := e.Start(e.Plain(), AroundConfig(row.Before, row.Text))
	Expect(e.Handshake(server, Trusting(id.Root))).To(ServeLeaf(id.Leaf))
})

var _ = Table("CFG-26", func(e *Env, row struct {
	Mode string
	Env  []string
	Zone string
}) {
	if row.Zone != "" {
		_, err := time.LoadLocation(row.Zone)
		e.SkipUnless(err == nil, "this machine has no files of time zones")
		row.Env = append(row.Env, "TZ="+row.Zone)
	}
	_, serves := e.StartIn(row.Mode, Environment(row.Env...))
	serves()
})

var _ = Table("CFG-11", func(e *Env, row struct {
	Line   string
	Number int
}) {
	e.SkipUnless(e.ReadsYAML(), appendsYAML)
	at := func(line string) StartOption {
		return AppendConfig(func(text string) string {
			return strings.Repeat("#\n", row.Number-1-strings.Count(text, "\n")) + line + "\n"
		})
	}
	control := e.Start(e.Plain(), at("# nothing"))
	e.ExpectPlainHTTP(control)
	control.Stop()

	Expect(e.Refuse(e.Plain(), at(row.Line))).To(BeRefusalOfLine(row.Number))
})

var _ = Table("CFG-12", func(e *Env, row listener) {
	keys, serves := listening(e, row)
	address := keys["listen_addr"].(string)
	if row.EveryAddress {
		expectWholePort(e, keys, "listen_addr", row.Port, serves)
		return
	}
	taken, err := e.World.Listen("tcp", address)
	e.Must(err)
	defer taken.Close()
	Expect(e.AwaitEnd(keys)).To(EndInError(address))

	e.Must(taken.Close())
	serves(e.Start(keys))
})

// expectWholePort expects a server that is told by this key to listen at a port of every
// address to notice that another program has that port for IPv4.
func expectWholePort(
	e *Env, keys Settings, key string, port int, serves func(*Server), options ...StartOption,
) {
	e.NeedsNamespace("takes a port of every address")
	everywhere := fmt.Sprintf(":%d", port)
	keys[key] = everywhere
	control := e.StartUnlessRefused(keys, options...)
	serves(control)
	control.Stop()

	taken, err := e.World.Listen("tcp4", "0.0.0.0"+everywhere)
	e.Must(err)
	defer taken.Close()
	server := e.AwaitEnd(keys)
	if _, ended := server.EndedByItself(); !ended { // it may run on for IPv6, if it says so
		isNew := e.NewLineWith(control.Logs(), strconv.Itoa(port))
		if slices.ContainsFunc(server.Log().Lines(), isNew) {
			return
		}
	}
	Expect(server).To(Or(EndInError(everywhere), EndInError(fmt.Sprintf("port %d", port))))
}

var _ = Table("CFG-13", func(e *Env, row listener) {
	keys, serves := listening(e, row)
	e.Must(e.World.AllowLowPorts(false))
	Expect(e.AwaitEnd(keys)).To(EndInError(keys["listen_addr"].(string)))

	e.Must(e.World.AllowLowPorts(true))
	serves(e.Start(keys))
})

// listener is a row about one of the three kinds of server, at a port.
type listener struct {
	Kind         string
	Port         int
	EveryAddress bool `yaml:"every_address"`
}

// listening returns the row's configuration, and what shows that a server with
// this configuration serves.
func listening(e *Env, row listener) (keys Settings, serves func(*Server)) {
	at := Settings{"listen_addr": e.Addr(row.Port)}
	switch row.Kind {
	case "plain":
		return e.Plain(at), e.ExpectPlainHTTP
	case "own":
		e.NeedsClaim("byo")
		id := e.Identity(pki.Spec{})
		cert, key := e.WritePair(id, "cert.pem", "key.pem")
		return e.Own(cert, key, at), func(server *Server) {
			Expect(e.Handshake(server)).To(ServeLeaf(id.Leaf))
		}
	default:
		e.NeedsClaim("acme")
		e.Must(e.World.Forward(80, 5080)) // to the challenge listener, if there is one
		return e.ACME(at), func(server *Server) {
			Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
		}
	}
}

var _ = Table("CFG-22", func(e *Env, row struct {
	ListenAddr       string `yaml:"listen_addr"`
	Challenges, Type string
	Apart            bool
	PortByName       bool `yaml:"port_by_name"`
}) {
	settings := e.HTTP01(Settings{
		"listen_addr":            e.Expand(row.ListenAddr),
		"tls_letsencrypt_listen": nil,
	})
	if row.Challenges != "" {
		settings["tls_letsencrypt_listen"] = e.Expand(row.Challenges)
	}
	if row.Type != "" {
		e.NeedsClaim(strings.ToLower(row.Type))
		settings["tls_letsencrypt_challenge_type"] = row.Type
	}
	if row.Apart {
		// The control obtains the certificate, which the server serves from the cache.
		control := e.Start(e.HTTP01(), Forward(80, 5080))
		Expect(e.Handshake(control)).To(HaveFullChainTo(e.CA().Root()))
		control.Stop()
		e.Must(e.World.Unforward(80))

		server := e.Start(settings)
		Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
		if row.Type != "TLS-ALPN-01" {
			e.AwaitListener(e.Expand(row.Challenges))
		}
		return
	}
	alone := settings.With(Settings{"tls_letsencrypt_listen": e.Addr(5999)})
	if row.PortByName {
		_, served := e.RefuseOrServe(alone)
		e.SkipUnless(served != nil, "the server takes no port by its name at listen_addr")
	} else {
		control := e.Start(alone)
		e.AwaitListener(control.Address())
		control.Stop()
	}

	names := e.NamesOf("listen_addr", "tls_letsencrypt_listen")
	Expect(e.Refuse(settings)).To(BeRefusal(names...))
})
