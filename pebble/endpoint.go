package pebble

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log"
	"math/big"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"assay/pebble/relay"
)

// An endpoint is the HTTPS server that clients talk to.
type endpoint struct {
	server *http.Server
	done   chan struct{} // closed when Serve has returned
	conns  sync.WaitGroup
	grace  time.Duration // how long connections may take to end

	mu   sync.Mutex
	open map[*http.Request]struct{} // requests without an answer yet
}

// connKey is where a request's context keeps its connection, for the fault
// that drops it.
type connKey struct{}

func serve(listener net.Listener, handler http.Handler, cert tls.Certificate, down *atomic.Bool, journal *Journal) *endpoint {
	p := &endpoint{done: make(chan struct{}), grace: patience, open: map[*http.Request]struct{}{}}
	p.server = &http.Server{
		Handler:           p.noting(handler),
		ReadHeaderTimeout: patience,
		ErrorLog:          log.New(endpointLog{journal}, "", 0),
		// Without the hybrid key exchange, whose post-quantum half is more work
		// than the rest of a handshake and nothing to a CA in a test.
		TLSConfig: &tls.Config{
			Certificates:     []tls.Certificate{cert},
			CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384},
		},
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		},
		// Close ends connections but does not wait for their goroutines: count
		// them, so that Close can.
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				p.conns.Add(1)
			case http.StateClosed, http.StateHijacked:
				p.conns.Done()
			}
		},
	}
	go func() {
		defer close(p.done)
		_ = p.server.ServeTLS(&fragile{listener, down, journal}, "", "")
	}()
	return p
}

func (p *endpoint) close() error {
	err := p.server.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	<-p.done // from here on no connection is counted in
	ended := make(chan struct{})
	go func() {
		p.conns.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return err
	case <-time.After(p.grace):
		// Pebble can deadlock; nothing ends its goroutines.
		return errors.Join(err, fmt.Errorf("the CA's endpoint did not end within %s: no answer to %s", p.grace, strings.Join(p.unanswered(), ", ")))
	}
}

// noting keeps in mind which requests a handler is busy with.
func (p *endpoint) noting(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.note(r, true)
		defer p.note(r, false)
		handler.ServeHTTP(w, r)
	})
}

func (p *endpoint) note(r *http.Request, open bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if open {
		p.open[r] = struct{}{}
	} else {
		delete(p.open, r)
	}
}

// unanswered names the requests that a handler is busy with.
func (p *endpoint) unanswered() (requests []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for r := range p.open {
		requests = append(requests, r.Method+" "+r.URL.Path)
	}
	slices.Sort(requests)
	return requests
}

// fragile is a listener that resets every connection while the CA is down.
type fragile struct {
	net.Listener
	down    *atomic.Bool
	journal *Journal
}

func (f *fragile) Accept() (net.Conn, error) {
	for {
		conn, err := f.Listener.Accept()
		if err != nil || !f.down.Load() {
			return conn, err
		}
		f.journal.add(Entry{From: "target", To: "edge", Kind: KindTLS, What: "connection", Fault: faultDown})
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

// endpointLog journals what net/http would print: handshakes that failed.
type endpointLog struct{ journal *Journal }

func (l endpointLog) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	// A peer that connects and goes without a word is no failure.
	if !strings.HasSuffix(text, ": EOF") {
		l.journal.add(Entry{From: "target", To: "edge", Kind: KindTLS, What: "connection failed", Detail: text})
	}
	return len(line), nil
}

// endpointCertificate makes a certificate for the host of an authority, from a
// root of its own, which it returns as PEM. This root has nothing to do with
// the one that Pebble issues from.
func endpointCertificate(authority string) (tls.Certificate, []byte, error) {
	host := hostOf(authority)
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	now := time.Now()
	root := &x509.Certificate{
		SerialNumber:          big.NewInt(now.UnixNano()),
		Subject:               pkix.Name{CommonName: "Local ACME endpoint root"},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.AddDate(20, 0, 0), // outlasts simulations of years
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano() + 1),
		Subject:      pkix.Name{CommonName: "Local ACME endpoint"},
		NotBefore:    root.NotBefore,
		NotAfter:     root.NotAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(host); ip != nil {
		leaf.IPAddresses = []net.IP{ip}
	} else {
		leaf.DNSNames = []string{host}
	}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("root of the endpoint: %w", err)
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, root, key.Public(), rootKey)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("certificate of the endpoint for %q: %w", host, err)
	}
	return tls.Certificate{Certificate: [][]byte{leafDER}, PrivateKey: key},
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER}), nil
}

// hostOf is the host of host, host:port, [v6] or [v6]:port, without brackets.
func hostOf(authority string) string {
	if host, _, err := net.SplitHostPort(authority); err == nil {
		return host
	}
	return strings.Trim(authority, "[]")
}
