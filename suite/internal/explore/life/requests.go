package life

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"assay/suite/internal/harness"
	"assay/suite/internal/match"
	"assay/suite/internal/wire"
)

// A tlsRequest is a request over TLS.
type tlsRequest struct {
	name      string
	protocols []string // offered by ALPN
	change    func(*wire.Request)
}

var tlsRequests = []tlsRequest{
	{name: "page", protocols: []string{"http/1.1"}},
	{name: "no-alpn"},
	{name: "post", protocols: []string{"http/1.1"}, change: harness.Post("a body", "")},
	{name: "upgrade", protocols: []string{"http/1.1"},
		change: harness.Post("a body", "unheard-of-protocol")},
	{name: "h2", protocols: []string{"h2"}},
	{name: "h2-tls12", protocols: []string{"h2"}},
	{name: "browser", protocols: []string{"h2", "http/1.1"}},
}

func requestNames() (names []string) {
	for _, r := range tlsRequests {
		names = append(names, r.name)
	}
	return names
}

func (l *life) request(s Step) {
	if !l.up || !l.owed() {
		l.seen("there is no certificate for it")
		return
	}
	var kind tlsRequest
	for _, r := range tlsRequests {
		if r.name == s.How {
			kind = r
		}
	}
	h := l.visit(able())
	if h == nil || h.Err != nil {
		return // there is none, and need not be
	}
	var answer *wire.Response
	if len(kind.protocols) > 0 && kind.protocols[0] == "h2" {
		options := []harness.ClientOption{harness.Offering(kind.protocols...), harness.KeepOpen}
		if kind.name == "h2-tls12" {
			options = append(options, harness.TLSVersion(tls.VersionTLS12))
		}
		h, _ = l.shake(options...)
		if h.Err != nil {
			l.seen("%s", match.Describe(h)) // a server without h2 may refuse
			if kind.name == "browser" {
				l.broke(invAnswers, "a handshake with one of the protocols that a browser offers, or none",
					"%s", match.Describe(h))
			}
			return
		}
		answer = l.e.RequestOn(h)
	} else {
		change := []func(*wire.Request){func(r *wire.Request) { r.TLS.NextProtos = kind.protocols }}
		if kind.change != nil {
			change = append(change, kind.change)
		}
		l.contacts++
		answer = l.e.GetTLS(l.server, l.e.HealthPath(), change...)
	}
	l.seen("status %d", answer.Status)
	if answer.Status == 0 {
		l.isAlive()
		l.broke(invAnswers, "an answer to a request ("+s.How+") over TLS", "%v", answer.Err)
	}
	l.expect(invNoSecret, answer, match.ContainNoneOf(l.secretList()))
}

func (l *life) plain(s Step) {
	if !l.up {
		return
	}
	l.expectNoPlainText()
	if s.How == "post" {
		l.contacts++
		l.noPlain(l.e.Get(l.server.Address(), "/", harness.Post("a body", "")))
	}
}

func (l *life) expectNoPlainText() {
	l.contacts++
	l.noPlain(l.e.Get(l.server.Address(), l.e.HealthPath()))
}

func (l *life) noPlain(answer *wire.Response) {
	l.seen("status %d", answer.Status)
	if answer.Status/100 == 2 {
		l.broke(invNoPlainText, "no plain HTTP answer with a status of 2xx at listen_addr",
			"status %d in plain text", answer.Status)
	}
	l.expect(invNoSecret, answer, match.ContainNoneOf(l.secretList()))
}

// challengePaths are paths that a stranger asks the port of HTTP-01 for.
var challengePaths = []struct{ name, path string }{
	{"root", "/"},
	{"token", harness.ChallengePath + "bm8tc3VjaC10b2tlbi1hdC1hbGw"},
	{"empty-token", harness.ChallengePath},
	{"entry", harness.ChallengePath + "{hostname}"},
	{"account-key", harness.ChallengePath + "acme_account+key"},
	{"traversal", harness.ChallengePath + "../../cache/{hostname}"},
	{"up", harness.ChallengePath + "../{hostname}"},
	{"escaped", harness.ChallengePath + "..%2f..%2fcache%2f{hostname}"},
	{"up-escaped", harness.ChallengePath + "..%2f{hostname}"},
	{"from-the-root", harness.ChallengePath + "{dir}/cache/{hostname}"},
	{"two-slashes", "//other.example.test/page"},
	{"query", "/page%20one?a=b&c=%2F"},
}

func challengePathNames() (names []string) {
	for _, p := range challengePaths {
		names = append(names, p.name)
	}
	return names
}

func (l *life) challenge(s Step) {
	if !l.up {
		return
	}
	for _, p := range challengePaths {
		if p.name != s.How {
			continue
		}
		l.contacts++
		answer := l.e.Get(l.challenges, l.e.Expand(p.path))
		l.seen("status %d", answer.Status)
		l.expect(invNoSecret, answer, match.ContainNoneOf(harness.KeysAlone(l.secretList())))
		l.expect(invNoSecret, answer, match.HoldNoSecret())
		if answer.Status/100 == 3 {
			if to := answer.Header.Get("Location"); !l.ownPlace(to) {
				l.broke(invRedirects, "a redirect to "+l.e.Hostname+", or none", "one to %q", to)
			}
		}
	}
}

// ownPlace reports whether a redirect leads to the server itself.
func (l *life) ownPlace(location string) bool {
	to, err := url.Parse(location)
	return err == nil && (to.Host == "" || strings.EqualFold(to.Hostname(), l.e.Hostname))
}

// noises are bytes that are no good hello, or a hello and more.
var noises = []string{
	"http", "zeros", "ssh", "half-a-hello", "lengths", "two-hellos", "alert", "long", "renegotiation",
}

func noiseNames() []string { return noises }

func (l *life) noise(s Step) {
	if !l.up {
		return
	}
	if s.How == "renegotiation" {
		if !l.owed() {
			return
		}
		l.contacts++
		if why := l.optional(func() { l.seen("%s", l.e.Renegotiate(l.server, 20)) }); why != "" {
			l.seen("%s", why)
		}
		l.visit(able())
		return
	}
	hello := l.e.Hello(l.server)
	text := map[string][]byte{
		"http":         []byte("GET / HTTP/1.0\r\n\r\n"),
		"zeros":        make([]byte, 64),
		"ssh":          []byte("SSH-2.0-OpenSSH_9.9\r\n"),
		"half-a-hello": hello[:len(hello)/2],
		"lengths":      append(append([]byte{}, hello[:43]...), 0xff, 0xff, 0xff, 0xff),
		"two-hellos":   append(append([]byte{}, hello...), hello...),
		"alert":        {21, 3, 1, 0, 2, 2, 0},
		"long":         append([]byte{22, 3, 1, 0xff, 0xff}, make([]byte, 70_000)...),
	}[s.How]
	l.contacts++
	l.e.SendBytes(l.server.Address(), text)
	l.visit(able())
}

// forgePlaces are where a stranger puts a text.
var forgePlaces = []string{
	"path", "query", "user-agent", "cookie", "host", "server-name", "alpn", "plain-path",
}

// forgeTexts are kinds of [match.Forgery].
var forgeTexts = []string{"newline", "crlf", "escape", "c1"}

func forgeNames() []string { return forgePlaces }

func (l *life) forge(s Step) {
	if !l.up {
		return
	}
	for _, kind := range forgeTexts {
		f := match.NewForgery(kind)
		l.contacts++
		switch s.How {
		case "server-name":
			l.shake(harness.RawServerName(f.Text))
		case "alpn":
			l.shake(harness.Offering(f.AsProtocols().Protocols()...))
		case "plain-path":
			address := l.server.Address()
			if l.walk.Mode == ModeHTTP {
				address = l.challenges
			}
			l.e.Get(address, "/"+f.Text)
		case "path":
			l.e.GetTLS(l.server, "/"+f.Text)
		case "query":
			l.e.GetTLS(l.server, "/?q="+f.Text)
		case "host":
			l.e.GetTLS(l.server, "/", harness.Host(f.Text))
		default:
			field := map[string]string{"user-agent": "User-Agent", "cookie": "Cookie"}[s.How]
			l.e.GetTLS(l.server, "/", func(r *wire.Request) { r.Header = http.Header{field: {f.Text}} })
		}
		l.forged = append(l.forged, f)
	}
	l.settle()
}

// crowd lets many clients shake hands at once.
func (l *life) crowd(s Step) {
	if !l.up {
		return
	}
	n := 10
	if s.How == "60" {
		n = 60
	}
	owed := l.owed()
	seen := make([]*wire.Handshake, n)
	done := make(chan struct{})
	ctx, cancel := context.WithCancel(l.e.Context())
	defer cancel()
	var all sync.WaitGroup
	options := []harness.ClientOption{}
	if l.walk.Mode == ModeOwn {
		options = append(options, harness.Trusting(l.current.Root))
	}
	for i := range n {
		all.Go(func() { seen[i] = l.e.Shake(ctx, l.server, options...) })
	}
	go func() { all.Wait(); close(done) }()
	l.contacts += n
	waited := l.await(done)
	if !isDone(done) {
		cancel()
	}
	all.Wait()
	l.isAlive()
	good := 0
	for _, h := range seen {
		l.judgeWait(able(), h, waited)
		l.judgeServed(able(), h)
		if h.Lost() {
			continue
		}
		if owed {
			l.judgeOwed(able(), h)
		}
		if h.Err == nil {
			good++
		}
	}
	l.seen("%d of %d are served", good, n)
	l.visit(able())
}

// idle leaves forty connections open that say nothing more.
func (l *life) idle(s Step) {
	if !l.up {
		return
	}
	var open []net.Conn
	closeAll := func() {
		for _, c := range open {
			c.Close()
		}
	}
	defer closeAll()
	hello := l.e.Hello(l.server)
	for range 40 {
		conn, err := l.e.World.Dial(l.e.Context(), "tcp", l.server.Address())
		if err != nil {
			continue
		}
		l.contacts++
		open = append(open, conn)
		switch s.How {
		case "half-a-hello":
			_, _ = conn.Write(hello[:len(hello)/2])
		case "after-the-handshake":
			if l.owed() {
				secure := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, ServerName: l.e.Hostname})
				_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
				_ = secure.Handshake()
			}
		}
	}
	l.visit(able())
	l.seen("the next client is served")
}
