package harness

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onsi/ginkgo/v2"

	"assay/pebble/relay"
	"assay/suite/internal/limits"
	"assay/suite/internal/wire"
)

// InBackground calls f in a goroutine of its own and returns the channel of its
// result. f must contain no assertion, because a failed assertion ends only the
// goroutine in which it is.
func InBackground[T any](f func() T) <-chan T {
	done := make(chan T, 1)
	go func() { done <- f() }()
	return done
}

// Load is a steady stream of clients. Each client has a connection of its own.
type Load struct {
	stop    atomic.Bool
	clients sync.WaitGroup

	mu   sync.Mutex
	seen []*wire.Handshake
}

// Load lets so many clients at a time shake hands with the server, one after
// the other, until [Load.Stop].
func (e *Env) Load(server *Server, together int) *Load {
	l := &Load{}
	for range together {
		l.clients.Go(func() {
			for !l.stop.Load() && e.ctx.Err() == nil {
				h := e.Handshake(server)
				l.mu.Lock()
				l.seen = append(l.seen, h)
				l.mu.Unlock()
			}
		})
	}
	return l
}

// Stop ends the load and returns what its clients saw.
func (l *Load) Stop() []*wire.Handshake {
	l.stop.Store(true)
	l.clients.Wait()
	return l.seen
}

// With returns the number of handshakes for which so reports true.
func (l *Load) With(so func(*wire.Handshake) bool) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, h := range l.seen {
		if so(h) {
			n++
		}
	}
	return n
}

// KeepConnecting makes a client connect every tenth of a second, until the time is
// over. No client waits for those before it, since a server may keep them all
// waiting until its CA answers.
func (e *Env) KeepConnecting(server *Server, during time.Duration) {
	ctx, cancel := context.WithTimeout(e.ctx, during)
	defer cancel()
	next := time.NewTicker(100 * time.Millisecond)
	defer next.Stop()
	var clients sync.WaitGroup
	defer clients.Wait()
	for ctx.Err() == nil {
		clients.Go(func() { e.Client(server).Handshake(ctx) })
		select {
		case <-next.C:
		case <-ctx.Done():
		}
	}
}

// HandshakeCrowd makes this many clients shake hands, forty at a time, and returns
// what each of them saw. No further client comes after one that was not served: a
// server that makes each of them wait would take hours.
func (e *Env) HandshakeCrowd(server *Server, clients int) []*wire.Handshake {
	var unserved atomic.Bool
	seen := e.InParallel(clients, func() *wire.Handshake {
		if unserved.Load() {
			return nil
		}
		h := e.Handshake(server)
		if h.Err != nil {
			unserved.Store(true)
		}
		return h
	})
	return slices.DeleteFunc(seen, func(h *wire.Handshake) bool { return h == nil })
}

// InParallel makes this many clients shake hands, forty at a time, and returns what
// each of them saw.
func (e *Env) InParallel(clients int, handshake func() *wire.Handshake) []*wire.Handshake {
	const together = 40
	seen := make([]*wire.Handshake, clients)
	var turn atomic.Int64
	var wait sync.WaitGroup
	for range together {
		wait.Go(func() {
			for i := turn.Add(1) - 1; i < int64(clients); i = turn.Add(1) - 1 {
				seen[i] = handshake()
			}
		})
	}
	wait.Wait()
	return seen
}

// ImpatientHandshakes makes this many clients connect to a server that has no
// certificate for them, and returns what each of them saw. They connect one after
// the other. If the server makes one of them wait, all the others connect at once.
func (e *Env) ImpatientHandshakes(server *Server, clients int) []*wire.Handshake {
	var seen []*wire.Handshake
	for range clients {
		h := e.ImpatientHandshake(server)
		seen = append(seen, h)
		if errors.Is(h.Err, context.DeadlineExceeded) {
			break
		}
	}
	rest := e.InParallel(clients-len(seen), func() *wire.Handshake {
		return e.ImpatientHandshake(server)
	})
	return append(seen, rest...)
}

// ImpatientHandshake shakes hands as a client that gives up soon. It does not
// record how the server refused: whether an alert came before the client gave up
// differs from run to run.
func (e *Env) ImpatientHandshake(server *Server, options ...ClientOption) *wire.Handshake {
	ctx, cancel := e.within(Limits.Vain)
	defer cancel()
	return e.Client(server, options...).Handshake(ctx)
}

// HandshakeWithRetries makes clients connect until one is served, three at most,
// and returns what the last of them saw. A server that was killed may have to wait
// until a lock that it left behind expires.
func (e *Env) HandshakeWithRetries(server *Server) (seen *wire.Handshake) {
	for range 3 {
		if seen = e.Handshake(server); seen.Err == nil {
			break
		}
	}
	return seen
}

// Connect opens a connection to an address of the target's host, sends say, and
// leaves the connection open until the spec ends.
func (e *Env) Connect(address string, say []byte) net.Conn {
	ginkgo.GinkgoHelper()
	ctx, cancel := e.within(Patience)
	defer cancel()
	conn, err := e.World.Dial(ctx, "tcp", address)
	if err == nil {
		_, err = conn.Write(say)
	}
	if err != nil {
		e.Fail("expected  a connection to " + address + "\nseen      " + err.Error())
	}
	e.Closers = append(e.Closers, func() error {
		conn.Close() // the server may have done so
		return nil
	})
	return conn
}

// Crowd opens this many connections to an address, as far as they come about, and says
// nothing on them. leave closes them.
func (e *Env) Crowd(address string, clients int) (leave func()) {
	ctx, cancel := e.within(Limits.Vain) // it may accept too few to empty its queue
	defer cancel()
	var crowd []net.Conn
	for range clients {
		if conn, err := e.World.Dial(ctx, "tcp", address); err == nil {
			crowd = append(crowd, conn)
		}
	}
	leave = func() {
		for _, conn := range crowd {
			conn.Close() // the server may have done so
		}
	}
	e.Closers = append(e.Closers, func() error { leave(); return nil })
	return leave
}

// Send connects to the server, sends say and no more, and returns what the server
// answers until it closes the connection or the limit for an answer passes.
func (e *Env) Send(server *Server, say []byte) []byte {
	ginkgo.GinkgoHelper()
	conn := e.Connect(server.Address(), nil)
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(Limits.Answer))
	conn.Write(say) // the server may have heard enough
	if c, ok := conn.(*net.TCPConn); ok {
		c.CloseWrite()
	}
	answer, _ := io.ReadAll(io.LimitReader(conn, limits.HTTPBody)) // however it ends
	return answer
}

// SendAndAwait does what [Env.Send] does, and waits as long as a server may take to start
// until the server has answered or ended the connection.
func (e *Env) SendAndAwait(server *Server, say []byte) {
	ginkgo.GinkgoHelper()
	conn := e.Connect(server.Address(), nil)
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(Patience))
	conn.Write(say)               // the server may have heard enough
	conn.Read(make([]byte, 1<<9)) // however it ends
}

// Resumes shakes hands with the server once more, and reports whether the server
// resumed a session of the configuration's cache (RFC 8446 §2.2).
func (e *Env) Resumes(server *Server, config *tls.Config) bool {
	ginkgo.GinkgoHelper()
	ctx, cancel := e.within(Patience)
	defer cancel()
	conn, err := e.World.Dial(ctx, "tcp", server.Address())
	e.Must(err)
	defer conn.Close()
	config.KeyLogWriter = e.keyLog()
	client := tls.Client(conn, config)
	if err := client.HandshakeContext(ctx); err != nil {
		e.Fail("expected  a TLS handshake that completes\nseen      " + err.Error())
	}
	return client.ConnectionState().DidResume
}

// Hello returns the ClientHello that a client of the server would send.
func (e *Env) Hello(server *Server) []byte {
	ginkgo.GinkgoHelper()
	hello, err := e.Client(server).ClientHello()
	e.Must(err)
	return hello
}

// Relay makes a port of the target's host lead to another one by a TCP proxy. See
// [Forward] for a rule of a firewall. Both ports are documented ones.
func (e *Env) Relay(from, to int) {
	ginkgo.GinkgoHelper()
	e.RelayTo(from, e.Addr(to))
}

// RelayTo does what [Env.Relay] does, to any address of the target's world.
func (e *Env) RelayTo(from int, to string) {
	ginkgo.GinkgoHelper()
	listener, err := e.World.Listen("tcp", e.Addr(from))
	e.Must(err)
	proxy := relay.Forward(listener, func(ctx context.Context) (net.Conn, error) {
		return e.World.Dial(ctx, "tcp", to)
	})
	e.Closers = append(e.Closers, proxy.Close)
}

// RawServerName sends this server name as it is (RFC 6066 §3), whatever bytes are
// in it.
func RawServerName(name string) ClientOption {
	return func(c *wire.Client) { c.ServerName, c.AnyServerName = name, true }
}

// SendFields sends a request with these header fields by HTTP/2. It skips the case
// if the server does not speak HTTP/2.
func (e *Env) SendFields(address string, fields []wire.Field) {
	ginkgo.GinkgoHelper()
	ctx, cancel := e.within(Patience)
	defer cancel()
	if err := wire.SendFields(ctx, e.World.Dial, address, e.Hostname, fields); err != nil {
		e.SkipUnless(false, "the server does not speak HTTP/2: "+err.Error())
	}
}

// Flood returns a client that sends more than a client needs to send, to the server's
// listen_addr.
func (e *Env) Flood(server *Server) wire.Flood {
	return wire.Flood{Dial: e.World.Dial, Address: server.Address(), ServerName: e.Hostname}
}

// SendEndlessHeader sends the header of a request that does not end, and returns how
// many bytes of it the server took. It skips the case if the header needs HTTP/2 and the
// server does not speak it. The kinds are those of [wire.Flood.Header].
func (e *Env) SendEndlessHeader(flood wire.Flood, kind string, limit int64) int64 {
	ginkgo.GinkgoHelper()
	ctx, cancel := e.within(Patience)
	defer cancel()
	taken, err := flood.Header(ctx, kind, limit)
	e.mustFlood(err)
	return taken
}

// SendAndCancel sends so many requests by HTTP/2 and cancels each at once. It skips the
// case if the server does not speak HTTP/2.
func (e *Env) SendAndCancel(flood wire.Flood, requests int) {
	ginkgo.GinkgoHelper()
	ctx, cancel := e.within(Patience)
	defer cancel()
	e.mustFlood(flood.Cancel(ctx, requests))
}

// mustFlood judges the error with which a flood did not begin.
func (e *Env) mustFlood(err error) {
	ginkgo.GinkgoHelper()
	e.SkipUnless(!errors.Is(err, wire.ErrNoHTTP2), "the server does not speak HTTP/2")
	if err != nil {
		e.Fail("expected  a connection on which a request can be sent\nseen      " + err.Error())
	}
}

// SendBytes sends bytes to an address, without TLS, and waits until the server has
// answered or has ended the connection.
func (e *Env) SendBytes(address string, text []byte) {
	ginkgo.GinkgoHelper()
	ctx, cancel := e.within(Patience / 4)
	defer cancel()
	_ = wire.SendBytes(ctx, e.World.Dial, address, text)
}
