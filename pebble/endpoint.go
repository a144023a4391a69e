package pebble

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"assay/pebble/limits"
	"assay/pebble/relay"
	"assay/pebble/traffic"
)

// endpoint is the HTTPS server that clients talk to.
type endpoint struct {
	server  *http.Server
	done    chan struct{} // closed when Serve has returned
	conns   sync.WaitGroup
	timeout time.Duration // how long close waits for connections to end
	traffic *traffic.Meter

	mu         sync.Mutex
	unanswered map[*http.Request]struct{}
	panicked   error               // the first panic of the handler
	busy       map[net.Conn]func() // ends the note of a connection that is not idle
}

// connKey is the key under which a request's context holds its connection, for
// the fault that resets it.
type connKey struct{}

// setAsideKey is the key under which a request's context holds [endpoint.setAside], for the
// fault that never answers.
type setAsideKey struct{}

// newEndpoint returns an endpoint that answers requests by handler and shows cert
// to clients.
func newEndpoint(handler http.Handler, cert *tls.Certificate, journal *Journal) *endpoint {
	p := &endpoint{
		done: make(chan struct{}), timeout: patience,
		unanswered: map[*http.Request]struct{}{}, busy: map[net.Conn]func(){},
		traffic: &traffic.Meter{},
	}
	p.server = &http.Server{
		Handler:           p.trackRequests(handler),
		ReadHeaderTimeout: patience,
		MaxHeaderBytes:    limits.RequestHeader,
		ErrorLog:          log.New(endpointLog{journal}, "", 0),
		TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{*cert},
			// The hybrid key exchange is left out. Its post-quantum half costs more
			// than the rest of a handshake, and a test CA gains nothing by it.
			CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384},
		},
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			ctx = context.WithValue(ctx, setAsideKey{}, p.setAside)
			return context.WithValue(ctx, connKey{}, c)
		},
		// http.Server.Close closes connections without waiting for their
		// goroutines. They are counted, so that close can wait.
		ConnState: func(c net.Conn, state http.ConnState) {
			p.trackConnection(c, state)
			switch state {
			case http.StateNew:
				p.conns.Add(1)
			case http.StateClosed, http.StateHijacked:
				p.conns.Done()
			}
		},
	}
	return p
}

// trackConnection notes which connections a client has begun to use and is not done
// with.
func (p *endpoint) trackConnection(c net.Conn, state http.ConnState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	end, busy := p.busy[c]
	switch state {
	case http.StateNew, http.StateActive:
		if !busy {
			p.busy[c] = p.traffic.Begin("a connection to the CA")
		}
	default:
		if busy {
			end()
			delete(p.busy, c)
		}
	}
	if t, ok := c.(*tls.Conn); ok {
		if state == http.StateIdle {
			p.traffic.Watch("an idle connection to the CA", t.NetConn())
		} else {
			p.traffic.Forget(t.NetConn())
		}
	}
}

// serve serves the listener in the background.
func (p *endpoint) serve(listener net.Listener) {
	if l, ok := listener.(*resettingListener); ok {
		p.traffic.Watch("the CA's listener", l.Listener)
	}
	go func() {
		defer close(p.done)
		_ = p.server.ServeTLS(limits.Listener(listener, limits.Connections), "", "")
	}()
}

func (p *endpoint) close() error {
	err := p.server.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	<-p.done // no connection is counted from here on
	ended := make(chan struct{})
	go func() {
		p.conns.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		p.mu.Lock()
		defer p.mu.Unlock()
		return errors.Join(err, p.panicked)
	case <-time.After(p.timeout):
		// Pebble can deadlock, and nothing ends its goroutines then.
		return errors.Join(err, fmt.Errorf("the CA's endpoint did not end within %s: no answer to %s",
			p.timeout, strings.Join(p.openRequests(), ", ")))
	}
}

// trackRequests records which requests the handler has not answered yet.
func (p *endpoint) trackRequests(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.unanswered[r] = struct{}{}
		p.mu.Unlock()
		defer func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			delete(p.unanswered, r)
			p.notePanic(r, recover())
		}()
		handler.ServeHTTP(w, r)
	})
}

// notePanic keeps the first panic of the handler for [endpoint.close], and goes on with it:
// net/http closes the connection. What a client sees then is no doing of the CA that is
// stood in for, so nothing that follows can be judged.
func (p *endpoint) notePanic(r *http.Request, value any) {
	if value == nil {
		return
	}
	if err, _ := value.(error); !errors.Is(err, http.ErrAbortHandler) && p.panicked == nil {
		p.panicked = fmt.Errorf("the CA panicked at %s %s: %v\n%s",
			r.Method, r.URL.Path, value, debug.Stack())
	}
	panic(value)
}

// setAside forgets a request that gets no answer, so that it counts as nothing under way.
func (p *endpoint) setAside(r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	conn, _ := r.Context().Value(connKey{}).(net.Conn)
	if end, busy := p.busy[conn]; busy {
		end()
		delete(p.busy, conn)
	}
	for open := range p.unanswered {
		if open.Context() == r.Context() {
			delete(p.unanswered, open)
		}
	}
}

// openRequests returns the requests that have no answer yet, as "METHOD path".
func (p *endpoint) openRequests() (requests []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for r := range p.unanswered {
		requests = append(requests, r.Method+" "+r.URL.Path)
	}
	slices.Sort(requests)
	return requests
}

// resettingListener resets the connections that it accepts while the CA is down.
type resettingListener struct {
	net.Listener
	down    *atomic.Bool
	journal *Journal
}

// Accept implements [net.Listener].
func (f *resettingListener) Accept() (net.Conn, error) {
	for {
		conn, err := f.Listener.Accept()
		if err != nil || !f.down.Load() {
			return conn, err
		}
		f.journal.add(Entry{
			From: "target", To: "edge", Kind: KindTLS, What: "connection", Fault: faultDown,
		})
		reset(conn)
	}
}

// reset closes a connection, with TLS or without, such that the client sees a
// reset instead of an ordinary end.
func reset(conn net.Conn) {
	if c, ok := conn.(*tls.Conn); ok {
		conn = c.NetConn()
	}
	relay.Reset(conn)
}

// endpointLog writes what net/http logs to the journal: handshakes that failed.
type endpointLog struct{ journal *Journal }

func (l endpointLog) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	// A client that connects and closes without sending anything is no failure.
	if !strings.HasSuffix(text, ": EOF") {
		l.journal.add(Entry{
			From: "target", To: "edge", Kind: KindTLS, What: "connection failed", Detail: text,
		})
	}
	return len(line), nil
}
