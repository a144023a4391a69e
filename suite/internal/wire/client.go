// Package wire holds clients that observe a target over the network: a TLS client
// that records the whole handshake, and an HTTP client that follows no redirects.
// They judge nothing. An operation whose context has no deadline ends after two
// minutes.
package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

// DialFunc opens a connection to a literal address, as [net.Dialer.DialContext]
// does. A spec passes the Dial method of its world.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// Client describes a TLS client and what it offers in a handshake.
type Client struct {
	Dial    DialFunc
	Address string           // literal "ip:port" to connect to
	Roots   *x509.CertPool   // the only roots that the client trusts
	Now     func() time.Time // tells when certificates are verified; nil means time.Now

	ServerName string   // the SNI to send (RFC 6066 §3); empty sends none
	Protocols  []string // ALPN offer (RFC 7301); nil offers none
	MinVersion uint16   // a tls.Version constant; zero means TLS 1.2
	MaxVersion uint16   // a tls.Version constant; zero means TLS 1.3
	Suites     []uint16 // TLS 1.2 cipher suites; nil means Go's own
	KeepOpen   bool     // leave the connection open in Handshake.Conn

	// Sessions keeps what the server gives to resume a session (RFC 8446 §2.2); nil
	// resumes none.
	Sessions tls.ClientSessionCache

	// Groups are the key exchanges that the client offers (RFC 8446 §4.2.7); nil offers
	// X25519, P-256 and P-384, an empty list all of Go's defaults.
	Groups []tls.CurveID

	// Schemes are the signature algorithms that the client offers (RFC 8446
	// §4.2.3); nil offers all that Go knows. With Schemes set, KeepOpen has no
	// effect.
	Schemes []tls.SignatureScheme

	// Form is the form of the hello, if it is not that of Go. KeepOpen has no effect
	// then.
	Form Form

	// Keys gets the keys of the connection in the format of NSS, for a capture of its
	// packets; nil keeps them secret.
	Keys io.Writer

	// Seen is called with each handshake when it has ended; nil calls nothing.
	Seen func(*Handshake)

	// AnyServerName sends ServerName even if crypto/tls would leave it out, such
	// as an IP address. The handshake then ends after the server's first record.
	AnyServerName bool
}

// RSASuites are the TLS 1.2 cipher suites of a client that accepts only RSA
// certificates. Use them with MaxVersion tls.VersionTLS12.
var RSASuites = []uint16{
	tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
}

// ECDSASuites are the TLS 1.2 cipher suites of a client that accepts only ECDSA
// certificates. Use them with MaxVersion tls.VersionTLS12.
var ECDSASuites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
}

// groups lists key exchanges that every server has (RFC 8446 §9.1). A handshake
// costs twice as much with the hybrid key exchange, and a run makes thousands.
var groups = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384}

// Handshake is the record of one TLS handshake. If the handshake fails, Err says
// why, and the fields hold what was received before.
type Handshake struct {
	Client Client

	Err       error               // nil when the handshake completed
	State     tls.ConnectionState // valid when Err is nil
	Chain     []*x509.Certificate // as served, leaf first, even if not trusted
	VerifyErr error               // result of Verify for Chain
	Requested bool                // whether the server asked for a client certificate
	Foreign   bool                // whether the caller knows that the leaf is one of the server's own
	Local     string              // the client's own "ip:port"
	Conn      *tls.Conn           // open if KeepOpen is set and Err is nil
	Began     time.Time
	Took      time.Duration
}

// Handshake connects and makes one TLS handshake. It completes the handshake even
// if the chain does not verify.
func (c Client) Handshake(ctx context.Context) *Handshake {
	ctx, cancel := bounded(ctx)
	defer cancel()
	h := &Handshake{Client: c, Began: time.Now()}
	defer func() {
		h.Took = time.Since(h.Began)
		if c.Seen != nil {
			c.Seen(h)
		}
	}()

	raw, err := c.Dial(ctx, "tcp", c.Address)
	if err != nil {
		h.Err = err
		return h
	}
	h.Local = raw.LocalAddr().String()
	if c.AnyServerName {
		h.Err = c.sendHello(ctx, raw)
		raw.Close()
		return h
	}
	if c.Schemes != nil || c.Form != "" {
		h.Err = c.handshakeByForm(ctx, raw, h)
		raw.Close()
		return h
	}
	conn := tls.Client(raw, c.config(h))
	if err := conn.HandshakeContext(ctx); err != nil {
		h.Err = err
		raw.Close()
		return h
	}
	// In TLS 1.3 the server can still reject the client after the client's
	// handshake has completed. The client learns that from its first read.
	h.State = conn.ConnectionState()
	if c.KeepOpen {
		h.Conn = conn
		return h
	}
	conn.Close()
	return h
}

func (c Client) config(h *Handshake) *tls.Config {
	lowest, highest := c.versions()
	offered := c.Groups
	switch {
	case offered == nil:
		offered = groups
	case len(offered) == 0:
		offered = nil
	}
	return &tls.Config{
		ServerName:         c.ServerName,
		NextProtos:         c.Protocols,
		MinVersion:         lowest,
		MaxVersion:         highest,
		CipherSuites:       c.Suites,
		CurvePreferences:   offered,
		ClientSessionCache: c.Sessions,
		KeyLogWriter:       c.Keys,
		InsecureSkipVerify: true, // VerifyConnection records the result instead
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			h.Requested = true
			return &tls.Certificate{}, nil
		},
		VerifyConnection: func(state tls.ConnectionState) error {
			h.Chain = state.PeerCertificates
			h.VerifyErr = c.Verify(h.Chain)
			return nil
		},
	}
}

// versions returns the lowest and the highest version that the client speaks.
func (c Client) versions() (lowest, highest uint16) {
	lowest, highest = c.MinVersion, c.MaxVersion
	if lowest == 0 {
		lowest = tls.VersionTLS12
	}
	if highest == 0 {
		highest = tls.VersionTLS13
	}
	return lowest, highest
}

// Verify verifies a chain for ServerName as a client does that trusts Roots, uses
// the served intermediates and fetches no others (RFC 5280 §6).
func (c Client) Verify(chain []*x509.Certificate) error {
	if len(chain) == 0 {
		return errors.New("the server sent no certificate")
	}
	intermediates := x509.NewCertPool()
	for _, cert := range chain[1:] {
		intermediates.AddCert(cert)
	}
	var now time.Time
	if c.Now != nil {
		now = c.Now()
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		DNSName:       c.ServerName,
		Roots:         c.Roots,
		Intermediates: intermediates,
		CurrentTime:   now,
	})
	return err
}

// Alert returns the TLS alert with which the server ended the handshake (RFC 8446
// §6.2), and whether there was one.
func (h *Handshake) Alert() (tls.AlertError, bool) {
	var alert tls.AlertError
	if errors.As(h.Err, &alert) {
		return alert, true
	}
	var op *net.OpError
	if !errors.As(h.Err, &op) || op.Op != "remote error" {
		return 0, false
	}
	// crypto/tls returns a received alert as an unexported type. Only its text
	// is the same as that of AlertError.
	for code := range 256 {
		if tls.AlertError(code).Error() == op.Err.Error() {
			return tls.AlertError(code), true
		}
	}
	return 0, false
}

// Leaf returns the first certificate of Chain, or nil.
func (h *Handshake) Leaf() *x509.Certificate {
	if len(h.Chain) == 0 {
		return nil
	}
	return h.Chain[0]
}

// Lost reports whether the connection ended without an answer of the server: it
// was accepted, and then closed or reset before any certificate or alert.
func (h *Handshake) Lost() bool {
	if _, answered := h.Alert(); answered || h.Leaf() != nil {
		return false
	}
	return lost(h.Err)
}

// lost reports whether an error says that the other side ended a connection, or that
// nothing listened.
func lost(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNREFUSED)
}

// timeout bounds operations whose context has no deadline.
const timeout = 2 * time.Minute

// bounded returns a context with a deadline. Its cause says what was exceeded.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	cause := fmt.Errorf("the operation did not end within %s", timeout)
	return context.WithTimeoutCause(ctx, timeout, cause)
}

// withCause adds to an error why the context ended, if it did. Without it, the
// error only says that the connection was closed.
func withCause(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	return fmt.Errorf("%w: %w", err, context.Cause(ctx))
}

// Close closes a connection that was kept open.
func (h *Handshake) Close() error {
	if h.Conn == nil {
		return nil
	}
	return h.Conn.Close()
}
