package suite

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"

	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
	"assay/pebble"
	. "assay/suite/internal/harness"
	. "assay/suite/internal/match"
)

// The part of the chapter resilience about clients that want to exhaust a server.

// The limits of the specs below, as the catalogue states them.
const (
	slowClients       = 100
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
	var server *Server
	var root *x509.Certificate
	if row.Port == "challenge" {
		e.NeedsClaim("acme")
		server, root = e.StartBy("http-01"), e.CA().Root()
	} else {
		server, root = e.StartSecure()
	}
	flood := e.Flood(server)
	if row.Port == "challenge" {
		flood.Address, flood.Plain = e.Addr(5080), true
	}
	Expect(e.Handshake(server, Trusting(root))).To(HaveFullChainTo(root))
	Expect(e.SendEndlessHeader(flood, row.Header, largestHeader)).To(RefuseBefore(largestHeader))
	Expect(server.Process).To(BeAlive())
	Expect(e.GetTLS(server, e.HealthPath())).To(e.BeHealthy())
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
