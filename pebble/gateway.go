package pebble

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"assay/pebble/limits"
	"assay/pebble/perspective"
	"assay/pebble/relay"
	"assay/pebble/traffic"
)

// A gateway accepts the connections of Pebble's validation and passes them on
// to the server under test. For http-01 it rewrites the Host header: Pebble
// sends "name:port" even for port 80, where Let's Encrypt sends "name", and a
// server that compares the header with its host name would refuse Pebble's
// request. For tls-alpn-01 it copies bytes.
//
// If the CA looks from several perspectives, they connect to the server, and Pebble's
// validation is told their verdict.
type gateway struct {
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	journal *Journal
	ports   []int          // that validations may connect to
	relays  []*relay.Relay // one for each listener
	// perspectives is nil if Pebble validates alone.
	perspectives *perspective.Validator
}

func newGateway(
	o Options, journal *Journal, meter *traffic.Meter, perspectives *perspective.Validator,
) *gateway {
	g := &gateway{
		dial: o.Dial, journal: journal, ports: []int{80, 443, o.HTTPPort, o.TLSPort},
		perspectives: perspectives,
	}
	for _, l := range o.Gateway {
		meter.Watch("the gateway", l.Listener)
		serve := func(ctx context.Context, validation net.Conn) {
			defer meter.Begin("a connection of validation")()
			g.serve(ctx, l, validation)
		}
		g.relays = append(g.relays, relay.Serve(l.Listener, serve))
	}
	return g
}

func (g *gateway) close() error {
	var errs []error
	for _, r := range g.relays {
		if err := r.Close(); err != nil {
			errs = append(errs, fmt.Errorf("gateway: %w", err))
		}
	}
	return errors.Join(errs...)
}

// serve passes one connection of the validation on to the server.
func (g *gateway) serve(ctx context.Context, l GatewayListener, validation net.Conn) {
	switch {
	case g.perspectives != nil && l.HTTP:
		g.perspectives.TellHTTP(ctx, validation)
		return
	case g.perspectives != nil:
		g.perspectives.TellTLS(ctx, validation)
		return
	}
	entry := Entry{From: "ca", To: "target", Kind: KindConnection, Port: portOf(l.Listener.Addr())}
	entry.What = fmt.Sprintf("connection to port %d", entry.Port)

	dialContext, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	server, err := g.dial(dialContext, "tcp", l.Forward)
	if err != nil {
		entry.What += " failed"
		entry.Detail = err.Error()
		g.journal.add(entry)
		relay.Reset(validation) // the nearest thing to a refused connection
		return
	}
	defer server.Close()
	if l.HTTP {
		defer context.AfterFunc(ctx, func() { server.Close() })()
		g.relayHTTP(entry, validation, server)
	} else {
		g.relayTLS(ctx, entry, validation, server)
	}
}

// validationTimeout is how long Pebble waits for an answer to http-01.
const validationTimeout = 15 * time.Second

// relayHTTP passes one request on, and the response back. Pebble sends no more
// than one request on a connection.
func (g *gateway) relayHTTP(entry Entry, validation, server net.Conn) {
	fail := func(err error) {
		entry.Detail = err.Error()
		g.journal.add(entry)
		relay.Reset(validation)
	}
	deadline := time.Now().Add(validationTimeout) // later, nobody waits for the answer
	_ = server.SetDeadline(deadline)
	_ = validation.SetDeadline(deadline)
	request, err := http.ReadRequest(bufio.NewReader(validation))
	if err != nil {
		fail(err)
		return
	}
	request.Host = bareHost(request.Host)
	entry.Host = request.Host
	// Pebble would unpack what it gets, however large that becomes.
	request.Header.Del("Accept-Encoding")
	if err := request.Write(server); err != nil {
		fail(err)
		return
	}
	answer := bufio.NewReaderSize(limits.Reader(server, limits.Answer), limits.StatusLine)
	head, err := readHead(answer)
	if err == nil {
		err = head.checkRedirect(request.Host, g.ports)
	}
	if err != nil {
		fail(err)
		return
	}
	entry.Status = head.status
	g.journal.add(entry)
	if _, err := validation.Write(head.text); err == nil {
		_, _ = io.Copy(validation, answer) // either side may hang up: the validation judges that
	}
}

// answerHead is the head of the server's answer to a validation.
type answerHead struct {
	status   int    // 0 if this is not HTTP
	location string // of a redirect
	text     []byte // the lines, without the encoding of the content
}

// readHead reads the status line and the header of an answer, up to the limits. It
// leaves out in which encoding the content is, since the request asked for none: a
// little of an answer that is packed could become very much in Pebble.
func readHead(answer *bufio.Reader) (head answerHead, err error) {
	first := true
	for read := 0; ; {
		line, err := answer.ReadSlice('\n')
		read += len(line)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return head, fmt.Errorf("the server's answer has a line of more than %d bytes in its head",
				limits.StatusLine)
		case err != nil && head.text == nil:
			return head, fmt.Errorf("read the status line of the server's answer: %w", err)
		case err != nil:
			return head, fmt.Errorf("read the header of the server's answer: %w", err)
		case read > limits.AnswerHead:
			return head, fmt.Errorf("the head of the server's answer has more than %d bytes",
				limits.AnswerHead)
		}
		text := string(line)
		name, value, _ := strings.Cut(text, ":")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "content-encoding":
			continue
		case "location":
			head.location = strings.TrimSpace(value)
		}
		if first {
			head.status = 0 // stays 0 if this is not HTTP
			_, _ = fmt.Sscanf(text, "HTTP/%s %d", new(string), &head.status)
		}
		head.text = append(head.text, line...)
		ended := strings.TrimSpace(text) == ""
		first = ended && head.status/100 == 1 // the head of the final answer follows
		if head.status == 0 || ended && !first {
			return head, nil
		}
	}
}

// checkRedirect returns an error for a redirect that a public CA does not follow: to
// another port than those of the validation, or to an IP address that is not
// validated.
func (h answerHead) checkRedirect(host string, ports []int) error {
	if h.status/100 != 3 || h.location == "" {
		return nil
	}
	to, err := url.Parse(h.location)
	if err != nil || to.Host == "" {
		return nil // relative, or nothing that can be followed
	}
	return perspective.CheckRedirect(to, host, ports)
}

// newPerspectives returns the validator of a CA that looks from several perspectives,
// and nil for any other CA.
func newPerspectives(o Options, dns *DNS, journal *Journal) *perspective.Validator {
	if len(o.Perspectives) == 0 {
		return nil
	}
	return perspective.New(perspective.Config{
		Perspectives: o.Perspectives,
		Lookup:       dns.addresses,
		Forward: func(at netip.AddrPort) (string, bool) {
			for _, l := range o.Gateway {
				if l.Listener.Addr().String() == at.String() {
					return l.Forward, true
				}
			}
			return "", false
		},
		Dial:     o.DialFrom,
		HTTPPort: o.HTTPPort,
		TLSPort:  o.TLSPort,
		Record: func(event perspective.Event) {
			if event.Query == "" || o.JournalQueries {
				journal.add(entryOf(event))
			}
		},
	})
}

// entryOf returns the journal's entry of what a perspective has seen.
func entryOf(event perspective.Event) Entry {
	entry := Entry{
		From: "ca", To: "target", Perspective: event.Perspective.String(),
		Identifiers: []string{event.Challenge.Name}, Challenge: event.Challenge.Type,
		Order: event.Challenge.Order, Port: event.Port, Host: event.Host, Status: event.Status,
		Detail: event.Error,
	}
	switch {
	case event.Query != "":
		entry.To, entry.Kind = "dns", KindQuery
		entry.What = fmt.Sprintf("query from %s", event.Perspective)
		entry.Identifiers = []string{event.Query}
	case event.Port != 0:
		entry.Kind = KindConnection
		entry.What = fmt.Sprintf("connection to port %d from %s", event.Port, event.Perspective)
		if event.Unreachable {
			entry.What += " failed"
		}
	default:
		entry.To, entry.Kind, entry.State = "edge", KindPerspective, "valid"
		if event.Error != "" {
			entry.State = "invalid"
		}
		entry.What = fmt.Sprintf("challenge %s from %s %s",
			event.Challenge.Type, event.Perspective, entry.State)
	}
	return entry
}

// relayTLS journals the server name of the TLS hello and copies bytes both ways.
func (g *gateway) relayTLS(ctx context.Context, entry Entry, validation, server net.Conn) {
	name, hello := serverName(validation, patience)
	entry.Host = name
	g.journal.add(entry)
	if _, err := server.Write(hello); err != nil {
		relay.Reset(validation)
		return
	}
	relay.Join(ctx, validation, limits.Reader(server, limits.Handshake))
}

// bareHost returns a Host header without its port.
func bareHost(host string) string {
	bare := hostOf(host)
	if strings.Contains(bare, ":") {
		return "[" + bare + "]"
	}
	return bare
}

func portOf(addr net.Addr) int {
	if tcp, ok := addr.(*net.TCPAddr); ok {
		return tcp.Port
	}
	return 0
}

var errHelloRead = errors.New("the hello has been read")

// serverName reads a TLS hello. It returns the server name, which is empty if there
// is no hello or no name in it, and all bytes that it read.
func serverName(conn net.Conn, within time.Duration) (name string, read []byte) {
	var buffer bytes.Buffer
	_ = conn.SetReadDeadline(time.Now().Add(within))
	// crypto/tls parses the hello and is stopped before it answers.
	_ = tls.Server(silentConn{conn, io.TeeReader(conn, &buffer)}, &tls.Config{
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			name = hello.ServerName
			return nil, errHelloRead
		},
	}).Handshake()
	_ = conn.SetReadDeadline(time.Time{})
	return name, buffer.Bytes()
}

// silentConn reads from a connection and writes nothing to it.
type silentConn struct {
	net.Conn
	reader io.Reader
}

// Read implements [net.Conn].
func (c silentConn) Read(p []byte) (int, error) { return c.reader.Read(p) }

// Write implements [net.Conn].
func (c silentConn) Write(p []byte) (int, error) { return len(p), nil }

// Close implements [net.Conn].
func (c silentConn) Close() error { return nil }
