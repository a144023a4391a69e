package suite

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	. "github.com/onsi/gomega"

	. "assay/suite/internal/harness"
	. "assay/suite/internal/match"
	"assay/suite/internal/wire"
)

// The part of the chapter resilience about what strangers can write into the log.

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
		secure, root := e.StartSecure()
		server = secure
		Expect(e.Handshake(server, Trusting(root))).To(HaveFullChainTo(root))
		address = server.Address()
	}
	var sent []Forgery
	for _, kind := range row.Send {
		f := NewForgery(kind)
		send(e, server, address, row.Where, row.When != "challenge-port", f)
		sent = append(sent, f)
	}
	Expect(server.Process).To(BeAlive())
	if row.When == "before-issuance" {
		e.ExpectRecovery(server) // the control: it is a server that obtains certificates
	}
	server.Stop()
	Expect(server.WholeLog()).To(StayReadable(sent))
})

// send lets a stranger send a forgery in one place of what the server reads.
func send(e *Env, server *Server, address, where string, secure bool, f Forgery) {
	if strings.HasPrefix(where, "http2-") {
		fields := map[string]string{
			":method": http.MethodGet, ":scheme": "https", ":authority": e.Hostname, ":path": "/",
		}
		name := map[string]string{
			"http2-authority": ":authority", "http2-path": ":path", "http2-method": ":method",
			"http2-user-agent": "user-agent",
		}[where]
		fields[name] = map[bool]string{true: "/" + f.Text, false: f.Text}[name == ":path"]
		var ordered []wire.Field
		for _, name := range []string{":method", ":scheme", ":authority", ":path", "user-agent"} {
			if value := fields[name]; value != "" {
				ordered = append(ordered, wire.Field{Name: name, Value: value})
			}
		}
		e.SendFields(address, ordered)
		return
	}
	switch where {
	case "server-name":
		e.Handshake(server, RawServerName(f.Text))
	case "alpn":
		e.Handshake(server, Offering(f.Protocols()...))
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
	case "user-name":
		header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(text+":password")))
	case "folded-header":
		header("User-Agent", "seen\r\n "+text)
	default:
		header(where, text)
	}
}
