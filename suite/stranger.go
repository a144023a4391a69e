package suite

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
	"assay/pebble"
	. "assay/suite/internal/harness"
	. "assay/suite/internal/match"
	"assay/suite/internal/wire"
)

// The part of the chapter resilience about what strangers can write into the log, and about
// hellos of today.

var _ = Table("RES-50", func(e *Env, row struct {
	Where string
	When  string
	Send  []string
}) {
	var server *Server
	var address string
	switch row.When {
	case "before-issuance":
		e.NeedsClaim("acme")
		e.CA().Down()
		server = e.StartACME()
		address = server.Address()
	case "challenge-port":
		e.NeedsClaim("acme")
		server = e.StartBy("http-01")
		Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
		address = e.Addr(5080)
	default:
		if row.When == "later" {
			e.UseClock()
		}
		secure, root := e.StartSecure()
		server = secure
		Expect(e.Handshake(server, Trusting(root))).To(HaveFullChainTo(root))
		address = server.Address()
	}
	var sent []Forgery
	for _, where := range placesOf(row.Where) {
		for _, kind := range row.Send {
			f := NewForgery(kind)
			if where == "alpn" {
				f = f.AsProtocols()
			}
			send(e, server, address, where, row.When != "challenge-port", f)
			sent = append(sent, f)
		}
	}
	Expect(server.Process).To(BeAlive())
	if row.When == "before-issuance" {
		e.ExpectRecovery(server) // the control: it is a server that obtains certificates
	}
	if row.When == "later" {
		e.Pass(time.Hour)
	}
	server.Stop()
	Expect(server.WholeLog()).To(StayReadable(sent))
})

// headers are the headers of a request that servers and what they are built with
// log, beside those that have cases of their own.
var headers = []string{
	"Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Cf-Connecting-Ip",
	"Content-Type", "Cookie", "Expect", "Forwarded", "From", "If-None-Match", "Origin", "Range",
	"Sec-Websocket-Key", "Sec-Websocket-Protocol", "Traceparent", "True-Client-Ip", "Upgrade", "Via",
	"X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "X-Request-Id",
}

// placesOf returns the places in what the server reads for which a row stands.
func placesOf(where string) (places []string) {
	prefix, several := strings.CutSuffix(where, "headers")
	if !several {
		return []string{where}
	}
	for _, name := range headers {
		if prefix != "" { // names are in lower case in HTTP/2 (RFC 9113 §8.2)
			name = strings.ToLower(name)
		}
		places = append(places, prefix+name)
	}
	return places
}

// send lets a stranger send a forgery in one place of what the server reads.
func send(e *Env, server *Server, address, where string, secure bool, f Forgery) {
	if strings.HasPrefix(where, "http2-") {
		fields := map[string]string{
			":method": http.MethodGet, ":scheme": "https", ":authority": e.Hostname, ":path": "/",
		}
		name := strings.TrimPrefix(where, "http2-")
		if _, pseudo := fields[":"+name]; pseudo {
			name = ":" + name
		}
		fields[name] = map[bool]string{true: "/" + f.Text, false: f.Text}[name == ":path"]
		var ordered []wire.Field
		for _, pseudo := range []string{":method", ":scheme", ":authority", ":path"} {
			ordered = append(ordered, wire.Field{Name: pseudo, Value: fields[pseudo]})
			delete(fields, pseudo)
		}
		for name, value := range fields {
			ordered = append(ordered, wire.Field{Name: name, Value: value})
		}
		e.SendFields(address, ordered)
		return
	}
	switch where {
	case "server-name":
		e.HandshakeOrLeave(server, RawServerName(f.Text))
	case "alpn":
		e.HandshakeOrLeave(server, Offering(f.Protocols()...))
	case "no-tls":
		e.SendBytes(address, []byte(f.Text+"\r\n\r\n"))
	default:
		change := func(r *wire.Request) { place(r, where, f.Text) }
		if secure {
			e.GetTLS(server, "/", change)
		} else {
			e.Get(address, "/", change)
		}
	}
}

// place puts a text into one part of an HTTP/1.1 request.
func place(r *wire.Request, where, text string) {
	header := func(name, value string) { r.Header = http.Header{name: {value}} }
	switch where {
	case "method":
		r.Method = text
	case "path":
		r.Target = "/" + url.PathEscape(text)
	case "raw-path":
		r.Target = "/" + text
	case "challenge-path":
		r.Target = ChallengePath + url.PathEscape(text)
	case "query":
		r.Target = "/?q=" + url.QueryEscape(text)
	case "absolute-form":
		r.Target = "http://" + url.PathEscape(text) + "/"
	case "host":
		r.Host = text
	case "no-version":
		r.Target = "/ " + text
	case "header-name":
		header("X-"+text, "value")
	case "body":
		r.Method, r.Body = http.MethodPost, text
	case "user-name":
		header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(text+":password")))
	case "folded-header":
		header("User-Agent", "seen\r\n "+text)
	default:
		header(where, text)
	}
}

// RES-81 to RES-83 are about hellos as they are sent since there are post-quantum key
// exchanges.

var _ = Table("RES-81", func(e *Env, row struct {
	Form    wire.Form
	Version string
	Packets bool
	P256    bool // a client that knows no other group
	ACME    bool // a certificate from the CA
}) {
	server, root := startWith(e, row.ACME)
	options := []ClientOption{Trusting(root), HelloForm(row.Form)}
	switch {
	case row.P256:
		options = append(options, Groups(tls.CurveP256))
	case row.Form == "":
		options = append(options, Groups()) // Go's own hello
	}
	if row.Version != "" {
		options = append(options, TLSVersion(TLSVersions[row.Version]))
	}
	if row.Packets {
		options = append(options, Through(func(d wire.DialFunc) wire.DialFunc {
			return wire.Paused(d, 1200, secondPacketAfter)
		}))
	}
	Expect(e.Handshake(server, Trusting(root))).To(HaveFullChainTo(root), "a small hello")
	Expect(e.Handshake(server, options...)).To(HaveFullChainTo(root))
})

// secondPacketAfter is how long the second packet of a hello takes if it is lost once.
const secondPacketAfter = 300 * time.Millisecond

var _ = Requirement("RES-82", func(e *Env) {
	server, root := e.StartSecure()
	Expect(e.Handshake(server, Trusting(root))).To(HaveFullChainTo(root))
	Expect(e.Handshake(server, Trusting(root), Groups(tls.X25519MLKEM768))).To(HaveFullChainTo(root))
})

var _ = Requirement("RES-83", func(e *Env) {
	server, root := e.StartSecure()
	chosen := e.Handshake(server, Trusting(root), Groups())
	Expect(chosen).To(Complete())
	e.Observe("group", "for a client of Go's", chosen.State.CurveID.String())
	alone := []string{}
	for _, group := range []tls.CurveID{
		tls.X25519MLKEM768, tls.SecP256r1MLKEM768, tls.SecP384r1MLKEM1024,
	} {
		if e.Handshake(server, Trusting(root), Groups(group)).Err == nil {
			alone = append(alone, group.String())
		}
	}
	e.Observe("group", "hybrid ones, each offered alone", alone)
})

// The part of the chapter resilience about clients that want to exhaust a server.

// The limits of the specs below, as the catalogue states them.
const (
	slowClients       = 100
	freeDescriptors   = 8
	largestHeader     = 64 << 20 // bytes
	cancelledRequests = 20_000
	secondHellos      = 100
	redirectsFollowed = 200
)

var _ = Table("RES-70", func(e *Env, row struct{ Challenge, Say string }) {
	server := e.StartBy(row.Challenge)
	address := server.Address()
	say := []byte("GET /.well-known/acme-challenge/token HTTP/1.1\r\nHost: " + e.Hostname + "\r\nX-")
	if row.Challenge == "http-01" {
		address = e.Addr(5080)
	} else {
		hello := e.Hello(server)
		say = hello[:len(hello)/2]
	}
	if row.Say == "nothing" {
		say = nil
	}
	for range slowClients {
		e.Connect(address, say)
	}
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveValidated(row.Challenge, e.Hostname))
})

var _ = Table("RES-71", func(e *Env, row struct{ Port, Header string }) {
	server, root, address := startAt(e, row.Port)
	flood := e.Flood(server)
	flood.Address, flood.Plain = address, row.Port == "challenge"
	Expect(e.Handshake(server, Trusting(root))).To(HaveFullChainTo(root))
	Expect(e.SendEndlessHeader(flood, row.Header, largestHeader)).To(RefuseBefore(largestHeader))
	Expect(server.Process).To(BeAlive())
	Expect(e.GetTLS(server, e.HealthPath())).To(e.BeHealthy())
})

// startAt starts a server for clients of one of its ports: the challenge's, or listen_addr,
// which in the case "acme" is that of a server with a certificate from the CA.
func startAt(e *Env, port string) (server *Server, root *x509.Certificate, address string) {
	if port == "challenge" {
		e.NeedsClaim("acme")
		return e.StartBy("http-01"), e.CA().Root(), e.Addr(5080)
	}
	server, root = startWith(e, port == "acme")
	return server, root, server.Address()
}

var _ = Table("RES-87", func(e *Env, row struct{ Port string }) {
	server, root, address := startAt(e, row.Port)
	Expect(e.Handshake(server, Trusting(root))).To(HaveFullChainTo(root))
	e.SkipUnless(e.ConnectError(address) == nil,
		"the target listens for challenges only while there is one")
	answers := row.Port == "challenge" && e.Get(address, "/").Err == nil
	e.LimitDescriptors(server, freeDescriptors)
	leave := e.Crowd(address, 4*freeDescriptors)
	e.ImpatientHandshake(server) // gives the server the time to accept all that it can
	leave()
	e.Eventually(func(g Gomega) {
		g.Expect(server.Process).To(BeAlive())
		g.Expect(e.Handshake(server, Trusting(root))).To(HaveFullChainTo(root))
		if answers {
			g.Expect(e.Get(address, "/")).To(Answer())
		}
	}, "the server to serve again")
})

var _ = Requirement("RES-72", func(e *Env) {
	server, root := e.StartSecure()
	Expect(e.Handshake(server, Trusting(root))).To(HaveFullChainTo(root))
	e.SendAndCancel(e.Flood(server), cancelledRequests)
	Expect(server.Process).To(BeAlive())
	Expect(e.GetTLS(server, e.HealthPath())).To(AnswerWithin(5 * time.Second))
	Expect(e.Handshake(server, Trusting(root))).To(CompleteWithin(5 * time.Second))
})

var _ = Table("RES-73", func(e *Env, row struct {
	Ticket  string
	Version uint16
}) {
	server, root := e.StartSecure()
	Expect(e.Handshake(server, Trusting(root), TLSVersion(row.Version))).To(HaveFullChainTo(root))
	stranger := e.OfferingTicket(row.Ticket, row.Version)
	Expect(e.Handshake(server, Trusting(root), stranger)).To(HaveFullChainTo(root))
	Expect(server.Process).To(BeAlive())
	Expect(e.Handshake(server, Trusting(root))).To(HaveFullChainTo(root))
})

var _ = Table("RES-74", func(e *Env, row struct {
	Names int
	Nul   string
}) {
	spec := pki.Spec{Names: []string{e.Hostname}, Intermediates: 1}
	for i := range row.Names {
		spec.Names = append(spec.Names, fmt.Sprintf("name-%d.%s", i, e.Hostname))
	}
	switch row.Nul {
	case "common-name":
		spec.CommonName = e.Hostname + "\x00.example.test"
	case "name":
		spec.Names = append(spec.Names, e.Hostname+"\x00.example.test")
	}
	id := e.Identity(spec)
	cert, key := e.WritePair(id, "unusual.pem", "unusual-key.pem")
	if row.Nul == "" {
		server := e.Start(e.Own(cert, key))
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			Expect(e.Handshake(server, TLSVersion(version))).To(ServeExactly(id.Chain()))
		}
		return
	}
	usual := e.Identity(pki.Spec{Intermediates: 1})
	control := e.StartOwn(usual)
	Expect(e.Handshake(control)).To(ServeExactly(usual.Chain()))
	control.Stop()
	refusal, seen := e.RefuseOrServe(e.Own(cert, key))
	if seen != nil {
		Expect(seen).To(ServeExactly(id.Chain()), "what the file holds, or a refusal")
		return
	}
	Expect(refusal).To(BeRefusalNamingOneOf("unusual.pem"))
})

var _ = Table("RES-75", func(e *Env, row struct{ Request pebble.Kind }) {
	e.Inject(pebble.Redirect(row.Request).Persistently())
	server := e.StartACME()
	e.KeepConnecting(server, 2*time.Second)
	Expect(e.Journal()).To(HaveAskedAtMost(row.Request, redirectsFollowed))
	Expect(server.Process).To(BeAlive())
	server.Kill() // at the stop signal the server would wait for the issuance
	e.ExpectRecovery(server)
}, Slow)

var _ = Requirement("RES-76", func(e *Env) {
	server, root := e.StartSecure()
	Expect(e.Handshake(server, Trusting(root))).To(HaveFullChainTo(root))
	e.Observe("alert", "a second ClientHello", e.Renegotiate(server, secondHellos))
	Expect(e.Handshake(server, Trusting(root))).To(HaveFullChainTo(root))
	Expect(server.Process).To(BeAlive())
})

var _ = Table("RES-77", func(e *Env, row struct{ Port string }) {
	server, root, address := startAt(e, row.Port)
	Expect(e.Handshake(server, Trusting(root))).To(HaveFullChainTo(root))
	e.SkipUnless(e.ConnectError(address) == nil,
		"the target listens for challenges only while there is one")
	hello := e.Hello(server)
	foreign := []ClientOption{SNI("other.example.test")}
	tokens := 0
	refused := func() {
		if row.Port == "challenge" {
			tokens++
			e.Get(address, ChallengePath+fmt.Sprintf("unknown-token-%d", tokens))
			e.SendBytes(address, []byte("GET "+ChallengePath+"half HTTP/1.1\r\nHost: "))
			return
		}
		e.ImpatientHandshake(server, foreign...)
		e.HandshakeOrLeave(server, TLSVersion(tls.VersionTLS11))
		e.SendBytes(server.Address(), []byte("GET / HTTP/1.0\r\n\r\n"))
		e.SendBytes(server.Address(), hello[:len(hello)/2])
	}
	refused()
	before := e.OpenFiles(server)
	for range refusedClients {
		refused()
	}
	e.EventuallyOpen(server, before+refusedClients/2,
		fmt.Sprintf("after %d clients of each kind that were refused", refusedClients))
	Expect(e.Handshake(server, Trusting(root))).To(HaveFullChainTo(root))
}, Slow)

// refusedClients is how many clients of each kind are refused.
const refusedClients = 40
