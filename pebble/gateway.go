package pebble

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A gateway stands between Pebble's validation and the server under test. For
// http-01 it writes the Host header as Let's Encrypt does: Pebble sends
// "name:port" even where the port is 80, and a server that compares the header
// with its host name then refuses. For tls-alpn-01 it passes bytes.
type gateway struct {
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	journal *Journal
	ctx     context.Context
	cancel  context.CancelFunc
	serving sync.WaitGroup
	ports   []net.Listener
}

func newGateway(o Options, journal *Journal) *gateway {
	g := &gateway{dial: o.Dial, journal: journal}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	for _, l := range o.Gateway {
		g.ports = append(g.ports, l.Listener)
		g.serving.Go(func() { g.accept(l) })
	}
	return g
}

func (g *gateway) close() error {
	g.cancel()
	var errs []error
	for _, l := range g.ports {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	g.serving.Wait()
	return errors.Join(errs...)
}

func (g *gateway) accept(l GatewayListener) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return // closed
		}
		g.serving.Go(func() { g.carry(l, conn) })
	}
}

// carry takes one connection of the validation to the server.
func (g *gateway) carry(l GatewayListener, validation net.Conn) {
	defer context.AfterFunc(g.ctx, func() { validation.Close() })()
	defer validation.Close()
	entry := Entry{From: "ca", To: "target", Kind: KindConnection, Port: portOf(l.Listener.Addr())}
	entry.What = fmt.Sprintf("connection to port %d", entry.Port)

	ctx, cancel := context.WithTimeout(g.ctx, patience)
	defer cancel()
	server, err := g.dial(ctx, "tcp", l.Forward)
	if err != nil {
		entry.What += " failed"
		entry.Detail = err.Error()
		g.journal.add(entry)
		reset(validation) // as if the server's own kernel had refused
		return
	}
	defer context.AfterFunc(g.ctx, func() { server.Close() })()
	defer server.Close()
	if l.HTTP {
		g.carryHTTP(entry, validation, server)
	} else {
		g.carryBytes(entry, validation, server)
	}
}

// validationTimeout is how long Pebble waits for an answer to http-01.
const validationTimeout = 15 * time.Second

// carryHTTP passes one request, which is all that Pebble sends on a
// connection, and the answer to it.
func (g *gateway) carryHTTP(entry Entry, validation, server net.Conn) {
	fail := func(err error) {
		entry.Detail = err.Error()
		g.journal.add(entry)
		reset(validation)
	}
	_ = server.SetDeadline(time.Now().Add(validationTimeout)) // then nobody wants the answer
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
		fail(fmt.Errorf("no answer: %w", err))
		return
	}
	_, _ = fmt.Sscanf(status, "HTTP/%s %d", new(string), &entry.Status) // not HTTP: stays 0
	g.journal.add(entry)
	if _, err := io.WriteString(validation, status); err == nil {
		_, _ = io.Copy(validation, answer) // either side may go: the validation judges
	}
}

// carryBytes passes bytes both ways as they are, after a look at the TLS hello.
func (g *gateway) carryBytes(entry Entry, validation, server net.Conn) {
	name, head := serverName(validation, patience)
	entry.Host = name
	g.journal.add(entry)
	if _, err := server.Write(head); err != nil {
		reset(validation)
		return
	}
	var there sync.WaitGroup
	there.Go(func() {
		_, _ = io.Copy(server, validation)
		halfClose(server)
	})
	if _, err := io.Copy(validation, server); errors.Is(err, syscall.ECONNRESET) {
		reset(validation)
	} else {
		halfClose(validation)
	}
	// The server has said all: whatever validation still sends has no reader.
	_ = validation.SetReadDeadline(time.Now())
	there.Wait()
}

func halfClose(conn net.Conn) {
	if c, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite()
	}
}

// bareHost takes the port off a Host header.
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
