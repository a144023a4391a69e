package pebble

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"

	"github.com/miekg/dns"
)

// A DNS is a DNS server with authority for all names. Its records may change
// while it runs. Names are case-insensitive, with or without the final dot. A
// name without a record does not exist, unless there is a record for "*".
type DNS struct {
	servers []*dns.Server
	err     error // why a server did not start

	mu      sync.RWMutex
	records map[string][]netip.Addr
	observe func(name, question, answer string)
}

// anyName is the name whose record answers for every name without a record.
const anyName = "*"

// NewDNS starts a DNS server on TCP and UDP sockets, and returns when it answers
// on all of them. The server owns the sockets: [DNS.Close] closes them.
func NewDNS(listeners []net.Listener, packets []net.PacketConn) *DNS {
	d := &DNS{records: make(map[string][]netip.Addr)}
	for _, l := range listeners {
		d.servers = append(d.servers, &dns.Server{Listener: l})
	}
	for _, p := range packets {
		d.servers = append(d.servers, &dns.Server{PacketConn: p})
	}
	for _, server := range d.servers {
		server.Handler = d
		up := make(chan error, 2)
		server.NotifyStartedFunc = func() { up <- nil }
		go func() { up <- server.ActivateAndServe() }()
		if err := <-up; err != nil {
			d.err = errors.Join(d.err, fmt.Errorf("DNS does not serve: %w", err))
		}
	}
	return d
}

// Point sets the addresses of a name. Without addresses the name does not exist
// (NXDOMAIN). The record of "*" answers for every name without a record. Invalid
// addresses are ignored.
func (d *DNS) Point(name string, addrs ...netip.Addr) {
	var valid []netip.Addr
	for _, a := range addrs {
		if a.IsValid() {
			valid = append(valid, a.Unmap())
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.records[canonical(name)] = valid
}

// Observe makes the server call f for every question, with the name without its
// final dot, the type of the question, such as "AAAA", and the code of the
// answer, such as "NOERROR".
func (d *DNS) Observe(f func(name, question, answer string)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.observe = f
}

func canonical(name string) string {
	if name == anyName {
		return name
	}
	return strings.ToLower(dns.Fqdn(name))
}

// find returns the addresses of a name. The caller holds the lock.
func (d *DNS) find(name string) []netip.Addr {
	if addrs, ok := d.records[name]; ok {
		return addrs
	}
	return d.records[anyName]
}

// ServeDNS answers one question. Questions for other types than addresses get an
// empty answer. An empty answer for CAA permits issuance (RFC 8659 §3).
func (d *DNS) ServeDNS(w dns.ResponseWriter, request *dns.Msg) {
	reply := new(dns.Msg).SetReply(request)
	reply.Authoritative = true
	if len(request.Question) == 1 {
		d.answer(reply, request.Question[0])
	} else {
		reply.Rcode = dns.RcodeFormatError
	}
	_ = w.WriteMsg(reply) // fails if the client is gone
}

func (d *DNS) answer(reply *dns.Msg, q dns.Question) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	addrs := d.find(strings.ToLower(q.Name))
	header := func(t uint16) dns.RR_Header {
		// The answer repeats the spelling of the question.
		return dns.RR_Header{Name: q.Name, Rrtype: t, Class: dns.ClassINET}
	}
	if len(addrs) == 0 {
		reply.Rcode = dns.RcodeNameError
	}
	for _, a := range addrs {
		switch {
		case q.Qtype == dns.TypeA && a.Is4():
			reply.Answer = append(reply.Answer, &dns.A{Hdr: header(dns.TypeA), A: a.AsSlice()})
		case q.Qtype == dns.TypeAAAA && a.Is6():
			reply.Answer = append(reply.Answer, &dns.AAAA{Hdr: header(dns.TypeAAAA), AAAA: a.AsSlice()})
		}
	}
	if d.observe != nil {
		d.observe(strings.TrimSuffix(q.Name, "."),
			dns.TypeToString[q.Qtype], dns.RcodeToString[reply.Rcode])
	}
}

// Close closes the sockets and waits until questions that have arrived are answered.
func (d *DNS) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	errs := []error{d.err}
	for _, server := range d.servers {
		if err := server.ShutdownContext(ctx); err != nil && d.err == nil {
			errs = append(errs, fmt.Errorf("DNS does not stop: %w", err))
		}
	}
	return errors.Join(errs...)
}
