package life

import (
	"context"
	"slices"
	"strings"
	"syscall"
	"time"

	"assay/suite/internal/harness"
	"assay/suite/internal/match"
	"assay/suite/internal/sut"
	"assay/suite/internal/world"
)

// A trial is a family of other configurations that the operator tries for a moment: each of
// them is refused, or served.
type trial struct {
	name  string
	needs []string // chapters that the target has to claim
	from  []string // requirements that promise what is expected
	run   func(l *life)
}

func namesOf(trials []trial) (names []string) {
	for _, t := range trials {
		names = append(names, t.name)
	}
	return names
}

// try stops the server, tries other configurations in its place, and starts it again if it
// ran before.
func (l *life) try(of []trial, name string) {
	t := of[slices.IndexFunc(of, func(t trial) bool { return t.name == name })]
	for _, chapter := range append([]string{"config"}, t.needs...) {
		if !l.e.Claims(chapter) {
			l.seen("the target does not claim %s", chapter)
			return
		}
	}
	if slices.ContainsFunc(t.from, func(id string) bool { return l.known[id] }) {
		l.seen("the target is known to fail one of %s", strings.Join(t.from, ", "))
		return
	}
	ran := l.up
	l.end()
	l.aside(t.from, func() { t.run(l) })
	if ran {
		l.start(Step{})
	}
}

// aside does something with other configurations, which these requirements are about, and puts
// the server's own one back.
func (l *life) aside(about []string, part func()) {
	var configuration []byte
	if l.server != nil {
		configuration = l.e.Read(l.server.ConfigName())
	}
	files := l.e.Files()
	also := l.also
	l.also = about
	if why := l.optional(part); why != "" {
		l.seen("%s", why)
	}
	l.also, l.failing = also, ""
	if l.server == nil {
		return
	}
	l.before = append(l.before, l.e.NewFiles(files)...)
	l.e.Remove(l.server.ConfigName())
	l.e.Write(l.server.ConfigName(), configuration)
}

// leave is the panic of a part of a step that the target, or the machine, does not allow.
type leave struct{ why string }

// optional does a part of a step that may be left out, and says why it was.
func (l *life) optional(part func()) (why string) {
	skip := l.e.Skip
	l.e.Skip = func(message string, _ ...int) { panic(leave{message}) }
	defer func() {
		l.e.Skip = skip
		switch value := recover().(type) {
		case nil:
		case leave:
			why = value.why
		default:
			panic(value)
		}
	}()
	part()
	return ""
}

// served starts a server for a moment, and looks at it. What it does wrong breaks this
// invariant.
func (l *life) served(
	id string, s harness.Settings, look func(*harness.Server), options ...harness.StartOption,
) *harness.Server {
	l.failing = id
	l.contacts++
	server := l.e.Start(s, options...)
	look(server)
	ending := server.Stop()
	l.expect(invStops, ending, match.EndWithin(stopWithin))
	return server
}

// refused starts a server that has to refuse its configuration, and to name each of these.
func (l *life) refused(s harness.Settings, names []string, options ...harness.StartOption) {
	l.contacts++
	refusal := l.e.Refuse(s, options...)
	l.expect(invRefuses, refusal, match.BeRefusal(names...))
}

// nothing looks at nothing.
func nothing(*harness.Server) {}

// servesPlain looks at a server without TLS, and tells it to reload.
func (l *life) servesPlain(server *harness.Server) {
	l.contacts++
	answer := l.e.Get(server.Address(), l.e.HealthPath())
	if answer.Status == 0 {
		l.broke(invPlain, "an answer in plain HTTP", "%v", answer.Err)
	}
	h := l.e.Handshake(server)
	if h.Err == nil {
		l.broke(invPlain, "no TLS where none is configured", "%s", match.Describe(h))
	}
	if l.e.IsToldToReload() {
		server.Reload()
		again := l.e.Get(server.Address(), l.e.HealthPath())
		if ending, ended := server.Process.EndedByItself(); ended {
			l.broke(invPlain, "a server that a reload does not end", "it %s", ending)
		}
		if again.Status == 0 && !again.Lost() {
			l.broke(invPlain, "an answer in plain HTTP after a reload", "%v", again.Err)
		}
	}
}

// someTrials are tried in every mode.
var someTrials = []trial{
	{"plain", nil, []string{"CFG-01", "CFG-20"}, (*life).tryPlain},
	{"unreadable", nil, []string{"CFG-08", "CFG-09"}, (*life).tryUnreadable},
	{"strict", nil, []string{"CFG-10", "CFG-11"}, (*life).tryStrict},
	{"taken", nil, []string{"CFG-12", "CFG-13"}, (*life).tryTaken},
	{"interrupt", nil, []string{"CFG-21"}, (*life).tryInterrupt},
	{"scheme", []string{"byo"}, []string{"CFG-06"}, (*life).tryScheme},
}

func (l *life) tryStep(s Step) { l.try(someTrials, s.How) }

// blocks are configurations without TLS.
var blocks = []harness.Settings{
	{},
	{"tls_cert_path": "", "tls_key_path": "", "tls_letsencrypt_hostname": ""},
	{
		"tls_letsencrypt_hostname": "", "tls_letsencrypt_listen": ":http",
		"tls_letsencrypt_cache_dir": ".cache", "tls_letsencrypt_challenge_type": "HTTP-01",
	},
	{"tls_letsencrypt_hostname": "", "tls_letsencrypt_challenge_type": "TLS-ALPN-01"},
	{"tls_letsencrypt_listen": "{challenges}"},
	{"tls_cert_path": ""},
	{"tls_key_path": ""},
	{"acme_url": "https://ca.example/dir", "acme_email": "", "tls_letsencrypt_cache_dir": "{dir}/c"},
}

func (l *life) tryPlain() {
	for _, keys := range blocks {
		if kind, _ := keys["tls_letsencrypt_challenge_type"].(string); kind != "" &&
			!l.e.Claims(strings.ToLower(kind)) {
			continue
		}
		if slices.ContainsFunc(keysOf(keys), func(key string) bool { return !l.e.CanSet(key) }) {
			continue
		}
		l.served(invPlain, l.e.Plain(l.e.ExpandSettings(keys)), func(server *harness.Server) {
			l.servesPlain(server)
			for _, at := range server.Listeners() {
				if int(at.Port()) == l.e.World.Port(5080) || at.Port() == 80 {
					l.broke(invPlain, "no listener for challenges", "one at %s", at)
				}
			}
		})
	}
}

func keysOf(s harness.Settings) (keys []string) {
	for key := range s {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// control starts a server without TLS, whose lines are no complaints.
func (l *life) control() *harness.Server { return l.served(invPlain, l.e.Plain(), nothing) }

func (l *life) tryUnreadable() {
	name := l.control().ConfigName()
	for _, option := range []harness.StartOption{
		harness.NoConfig, harness.UnreadableConfig,
		harness.RawConfig([]byte("listen_addr: [\"127.0.0.1:8080\"\ntls_cert_path: }\n")),
		harness.RawConfig([]byte("\x00\x01\x02\x7f")),
	} {
		l.contacts++
		refusal := l.e.Refuse(l.e.Plain(), option)
		l.expect(invRefuses, refusal, match.BeRefusal(name))
		l.expect(invRefuses, refusal, match.SpeakOnStderr(name))
	}
}

// strange are lines that no configuration may have, and what the refusal names.
var strange = []struct{ line, key string }{
	{"tls_certificate_path: cert.pem", "tls_certificate_path"},
	{`listen_addr: "127.0.0.1:9"`, "listen_addr"},
	{"tls_letsencrypt_challenge_type: [HTTP-01]", "tls_letsencrypt_challenge_type"},
	{"tls_cert_path: {file: cert.pem}", "tls_cert_path"},
	{"tls_cert_path: 17", "tls_cert_path"},
	{"tls_key_path: true", "tls_key_path"},
	{"acme_email: [a]", "acme_email"},
}

func (l *life) tryStrict() {
	if !l.e.ReadsYAML() {
		l.seen("its configuration is no YAML of headscale's")
		return
	}
	l.control()
	for _, s := range strange {
		more := harness.AppendConfig(func(string) string { return s.line + "\n" })
		l.refused(l.e.Plain(), []string{s.key}, more)
	}
	const number = 4321 // which nothing else in a log is likely to have
	far := harness.AppendConfig(func(text string) string {
		return strings.Repeat("#\n", number-1-strings.Count(text, "\n")) + strange[0].line + "\n"
	})
	l.contacts++
	l.expect(invRefuses, l.e.Refuse(l.e.Plain(), far), match.BeRefusalOfLine(number))
}

// tryTaken starts the server at an address that somebody has.
func (l *life) tryTaken() {
	type place struct {
		settings harness.Settings
		address  string
	}
	at := func(s harness.Settings) place { return place{s, s["listen_addr"].(string)} }
	all := []place{at(l.e.Plain())}
	switch l.walk.Mode {
	case ModeOwn:
		cert, key := l.e.WritePair(l.identity(nil), "cert.pem", "key.pem")
		all = append(all, at(l.e.Own(cert, key)))
	case ModeHTTP:
		all = append(all, at(l.e.HTTP01()), place{l.e.HTTP01(), l.e.Addr(5080)})
		if l.e.World.Kind() == world.Loopback {
			all = all[:2]
		}
	case ModeALPN:
		all = append(all, at(l.e.ALPN01()))
	}
	for _, p := range all {
		taken, err := l.e.World.Listen("tcp", p.address)
		l.e.Must(err)
		l.contacts++
		process := l.e.AwaitEnd(p.settings)
		err = taken.Close()
		l.expect(invTaken, process, match.EndInError(p.address))
		l.e.Must(err)
	}
}

// tryInterrupt ends a server as a terminal does.
func (l *life) tryInterrupt() {
	l.failing = invStops
	s := l.e.Plain()
	switch l.walk.Mode {
	case ModeOwn:
		cert, key := l.e.WritePair(l.identity(nil), "cert.pem", "key.pem")
		s = l.e.Own(cert, key)
	case ModeHTTP:
		s = l.e.HTTP01()
	case ModeALPN:
		s = l.e.ALPN01()
	}
	l.contacts++
	server := l.e.Start(s)
	ending := server.EndBy(syscall.SIGINT)
	l.expect(invStops, ending, match.EndWithin(stopWithin))
}

// warned starts two servers, and expects the second one to warn of what the first one has
// in order. Servers that refuse are not judged here.
func (l *life) warned(good, bad harness.Settings, words ...string) {
	control := l.served(invTakes, good, nothing)
	warned := l.served(invTakes, bad, nothing)
	l.expect(invWarns, warned.Log(), match.WarnUnlike(control.Log(), words...))
}

func (l *life) tryScheme() {
	if !l.e.CanSet("server_url") {
		return
	}
	words := l.e.AnyNameOf("server_url")
	for _, scheme := range []string{"https", "HTTPS"} {
		l.warned(l.e.Plain(), l.e.Plain(harness.Settings{
			"server_url": scheme + "://" + l.e.Hostname,
		}), words...)
	}
	if l.walk.Mode == ModeOwn {
		cert, key := l.e.WritePair(l.identity(nil), "cert.pem", "key.pem")
		l.warned(l.e.Own(cert, key), l.e.Own(cert, key, harness.Settings{
			"server_url": "http://" + l.e.Hostname,
		}), words...)
		return
	}
	good := l.e.ALPN01
	if l.walk.Mode == ModeHTTP {
		good = l.e.HTTP01
	}
	l.warned(good(), good(harness.Settings{"server_url": "http://" + l.e.Hostname}), words...)
}

// awaitLine reports whether a server writes a line after a mark, within two seconds.
func (l *life) awaitLine(
	server *harness.Server, mark int, wanted func(sut.Line) bool,
) (found bool) {
	for _, line := range server.Process.Log().Since(mark) {
		if wanted(line) {
			return true
		}
	}
	ctx, cancel := context.WithTimeout(l.e.Context(), 2*time.Second)
	defer cancel()
	_, err := server.Process.Log().WaitSince(ctx, mark, "a line", wanted)
	return err == nil
}
