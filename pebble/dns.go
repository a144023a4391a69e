package pebble

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/time/rate"

	"assay/pebble/limits"
	"assay/pebble/traffic"
)

// A DNS is a DNS server with authority for all names. Its records may change
// while it runs. Names are case-insensitive, with or without the final dot. A
// name without a record does not exist, unless there is a record for "*".
type DNS struct {
	servers []*dns.Server
	err     error // why a server did not start
	traffic traffic.Meter
	rate    *rate.Limiter // of questions
	read    atomic.Uint64 // messages that were read
	done    atomic.Uint64 // messages that were answered or dropped
	unknown atomic.Uint64 // questions for a name without an address

	mu      sync.RWMutex
	records map[string][]netip.Addr
	texts   map[string][]string
	observe func(name, question, answer string)
}

// anyName is the name whose record answers for every name without a record.
const anyName = "*"

// NewDNS starts a DNS server on TCP and UDP sockets, and returns when it answers
// on all of them. The server owns the sockets: [DNS.Close] closes them.
func NewDNS(listeners []net.Listener, packets []net.PacketConn) *DNS {
	d := &DNS{
		records: make(map[string][]netip.Addr),
		texts:   make(map[string][]string),
		rate:    rate.NewLimiter(limits.QuestionRate, limits.QuestionsAtOnce),
	}
	for _, l := range listeners {
		d.servers = append(d.servers,
			&dns.Server{Listener: limits.Listener(l, limits.Connections)})
	}
	for _, p := range packets {
		d.servers = append(d.servers, &dns.Server{PacketConn: p})
	}
	for _, server := range d.servers {
		server.Handler = d
		d.track(server)
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

// SetTexts sets the TXT records of a name, such as _acme-challenge.example.test for dns-01
// (RFC 8555 §8.4). Without texts there are none. A text has 255 bytes at most.
func (d *DNS) SetTexts(name string, texts ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.texts[canonical(name)] = slices.Clone(texts)
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
	d.done.Add(1)
}

// track counts the messages of a server.
func (d *DNS) track(server *dns.Server) {
	d.traffic.Watch("a DNS server's listener", server.Listener)
	d.traffic.Watch("a DNS server", server.PacketConn)
	server.DecorateReader = func(r dns.Reader) dns.Reader { return countingReader{r, d} }
	server.MsgAcceptFunc = func(header dns.Header) dns.MsgAcceptAction {
		action := dns.DefaultMsgAcceptFunc(header)
		if action != dns.MsgAccept {
			d.done.Add(1) // no handler is called
		}
		return action
	}
	server.MsgInvalidFunc = func([]byte, error) { d.done.Add(1) }
}

// UnderWay describes the questions that have arrived and were not answered yet.
func (d *DNS) UnderWay() []string {
	all := d.traffic.UnderWay()
	// The counts are read in this order, so that a question that arrives meanwhile is
	// not missed.
	done := d.done.Load()
	if n := d.read.Load() - done; n > 0 {
		all = append(all, fmt.Sprintf("%d DNS questions without an answer", n))
	}
	return all
}

// Begun returns for how many questions there was no address so far. Who asks such a
// question is likely to ask again.
func (d *DNS) Begun() uint64 { return d.unknown.Load() }

// countingReader counts the messages that a DNS server reads, and reads no more of them
// than the limits allow. The kernel drops what a client sends without end.
type countingReader struct {
	dns.Reader
	dns *DNS
}

// ReadTCP implements [dns.Reader].
func (r countingReader) ReadTCP(conn net.Conn, timeout time.Duration) ([]byte, error) {
	message, err := r.Reader.ReadTCP(conn, timeout)
	return message, r.count(err)
}

// ReadUDP implements [dns.Reader].
func (r countingReader) ReadUDP(
	conn *net.UDPConn, timeout time.Duration,
) ([]byte, *dns.SessionUDP, error) {
	message, session, err := r.Reader.ReadUDP(conn, timeout)
	return message, session, r.count(err)
}

func (r countingReader) count(err error) error {
	if err != nil {
		return err
	}
	r.dns.read.Add(1)
	return r.dns.rate.Wait(context.Background())
}

func (d *DNS) answer(reply *dns.Msg, q dns.Question) {
	addrs := d.addresses(q.Name)
	header := func(t uint16) dns.RR_Header {
		// The answer repeats the spelling of the question.
		return dns.RR_Header{Name: q.Name, Rrtype: t, Class: dns.ClassINET}
	}
	texts := d.texts[strings.ToLower(q.Name)]
	if q.Qtype == dns.TypeTXT {
		for _, text := range texts {
			reply.Answer = append(reply.Answer, &dns.TXT{Hdr: header(dns.TypeTXT), Txt: []string{text}})
		}
	}
	if len(addrs) == 0 && len(texts) == 0 {
		reply.Rcode = dns.RcodeNameError
		d.unknown.Add(1)
	}
	for _, a := range addrs {
		switch {
		case q.Qtype == dns.TypeA && a.Is4():
			reply.Answer = append(reply.Answer, &dns.A{Hdr: header(dns.TypeA), A: a.AsSlice()})
		case q.Qtype == dns.TypeAAAA && a.Is6():
			reply.Answer = append(reply.Answer, &dns.AAAA{Hdr: header(dns.TypeAAAA), AAAA: a.AsSlice()})
		}
	}
	d.mu.RLock()
	observe := d.observe
	d.mu.RUnlock()
	if observe != nil {
		observe(strings.TrimSuffix(q.Name, "."),
			dns.TypeToString[q.Qtype], dns.RcodeToString[reply.Rcode])
	}
}

// addresses returns the addresses of a name.
func (d *DNS) addresses(name string) []netip.Addr {
	d.mu.RLock()
	defer d.mu.RUnlock()
	addrs, known := d.records[canonical(name)]
	if !known {
		addrs = d.records[anyName]
	}
	return addrs
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
