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
	"strings"
	"time"

	"assay/pebble/relay"
)

// A gateway accepts the connections of Pebble's validation and passes them on
// to the server under test. For http-01 it rewrites the Host header: Pebble
// sends "name:port" even for port 80, where Let's Encrypt sends "name", and a
// server that compares the header with its host name would refuse Pebble's
// request. For tls-alpn-01 it copies bytes.
type gateway struct {
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	journal *Journal
	relays  []*relay.Relay // one for each listener
}

func newGateway(o Options, journal *Journal) *gateway {
	g := &gateway{dial: o.Dial, journal: journal}
	for _, l := range o.Gateway {
		g.relays = append(
			g.relays,
			relay.Serve(l.Listener, func(ctx context.Context, validation net.Conn) {
				g.serve(ctx, l, validation)
			}),
		)
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
	if err := request.Write(server); err != nil {
		fail(err)
		return
	}
	answer := bufio.NewReader(server)
	status, err := answer.ReadString('\n')
	if err != nil {
		fail(fmt.Errorf("read the status line of the server's answer: %w", err))
		return
	}
	_, _ = fmt.Sscanf(status, "HTTP/%s %d", new(string), &entry.Status) // stays 0 if this is not HTTP
	g.journal.add(entry)
	if _, err := io.WriteString(validation, status); err == nil {
		_, _ = io.Copy(validation, answer) // either side may hang up: the validation judges that
	}
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
	relay.Join(ctx, validation, server)
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
