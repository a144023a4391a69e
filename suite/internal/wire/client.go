// Package wire holds the clients that look at a target from outside: a TLS
// client that keeps all it is shown, a plain one for raw bytes, and an HTTP
// client that follows nothing by itself. They observe and never judge.
package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"time"
)

// DialFunc opens a connection to a literal address, like
// [net.Dialer.DialContext]. A spec's world supplies it.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// Client is a TLS client with everything of the handshake left to choose.
type Client struct {
	Dial    DialFunc
	Address string         // literal "ip:port" to connect to
	Roots   *x509.CertPool // the only roots that the client trusts
	Now     time.Time      // the moment certificates are judged at; zero means now

	ServerName string   // the SNI to send (RFC 6066 §3); empty sends none
	Protocols  []string // ALPN offer (RFC 7301); nil offers none
	MinVersion uint16   // a tls.Version constant; zero means TLS 1.2
	MaxVersion uint16   // a tls.Version constant; zero means TLS 1.3
	Suites     []uint16 // TLS 1.2 cipher suites; nil means Go's own
	KeepOpen   bool     // leave the connection open in Handshake.Conn

	// Sessions keeps what the server gives to resume a session (RFC 8446 §2.2); nil
	// resumes none.
	Sessions tls.ClientSessionCache

	// Schemes are the signature algorithms that the client offers (RFC 8446
	// §4.2.3); nil offers all that Go knows. With Schemes set, KeepOpen has no
	// effect.
	Schemes []tls.SignatureScheme

	// AnyServerName sends ServerName even where crypto/tls would not, an IP
	// address, say. Only the server's first answer is seen then.
	AnyServerName bool
}

// RSASuites are the TLS 1.2 suites of a client that accepts RSA certificates
// only; use them with MaxVersion tls.VersionTLS12.
var RSASuites = []uint16{
	tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
}

// ECDSASuites are those of a client that accepts ECDSA certificates only.
var ECDSASuites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
}

// groups are what every server has (RFC 8446 §9.1). Leaving out the hybrid key
// exchange halves the cost of a handshake, and a run makes thousands.
var groups = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384}

// Handshake is what one TLS handshake showed. It is filled as far as the
// handshake came: Err says why it ended early.
type Handshake struct {
	Client Client

	Err       error               // nil when the handshake completed
	State     tls.ConnectionState // valid when Err is nil
	Chain     []*x509.Certificate // as served, leaf first, even if not trusted
	VerifyErr error               // the verdict of a client that knows Roots alone and fetches nothing
	Requested bool                // the server asked for a client certificate
	Local     string              // the client's own "ip:port", as the server sees its peer
	Conn      *tls.Conn           // open, if KeepOpen
	Took      time.Duration
}

// Handshake connects and shakes hands once. The chain is kept whether or not
// it verifies, since what was served matters most when it is wrong.
func (c Client) Handshake(ctx context.Context) *Handshake {
	h := &Handshake{Client: c}
	start := time.Now()
	defer func() { h.Took = time.Since(start) }()

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
	if c.Schemes != nil {
		h.Err = c.shakeBySchemes(ctx, raw, h)
		raw.Close()
		return h
	}
	conn := tls.Client(raw, c.config(h))
	if err := conn.HandshakeContext(ctx); err != nil {
		h.Err = err
		raw.Close()
		return h
	}
	// In TLS 1.3 the server's verdict on the client comes after the client
	// is done: a certificate demanded, say, shows only at the first read.
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
	return &tls.Config{
		ServerName:         c.ServerName,
		NextProtos:         c.Protocols,
		MinVersion:         lowest,
		MaxVersion:         highest,
		CipherSuites:       c.Suites,
		CurvePreferences:   groups,
		ClientSessionCache: c.Sessions,
		InsecureSkipVerify: true, // judged below, so that a bad chain is still seen
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

// Verify judges a chain as a client does that knows the roots, follows what
// was served and fetches nothing (RFC 5280 §6).
func (c Client) Verify(chain []*x509.Certificate) error {
	if len(chain) == 0 {
		return errors.New("no certificate was served")
	}
	intermediates := x509.NewCertPool()
	for _, cert := range chain[1:] {
		intermediates.AddCert(cert)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		DNSName:       c.ServerName,
		Roots:         c.Roots,
		Intermediates: intermediates,
		CurrentTime:   c.Now,
	})
	return err
}

// Alert returns the TLS alert by which the server ended the handshake (RFC
// 8446 §6.2), and whether there was one.
func (h *Handshake) Alert() (tls.AlertError, bool) {
	var alert tls.AlertError
	if errors.As(h.Err, &alert) {
		return alert, true
	}
	var op *net.OpError
	if !errors.As(h.Err, &op) || op.Op != "remote error" {
		return 0, false
	}
	// crypto/tls reports a received alert as an unexported type that shares
	// its text, and nothing else that is visible, with AlertError.
	for code := range 256 {
		if tls.AlertError(code).Error() == op.Err.Error() {
			return tls.AlertError(code), true
		}
	}
	return 0, false
}

// Leaf is the certificate served first, or nil.
func (h *Handshake) Leaf() *x509.Certificate {
	if len(h.Chain) == 0 {
		return nil
	}
	return h.Chain[0]
}

// Close ends a connection that was kept open.
func (h *Handshake) Close() error {
	if h.Conn == nil {
		return nil
	}
	return h.Conn.Close()
}
