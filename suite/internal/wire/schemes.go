package wire

import (
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"net"
	"strings"

	utls "github.com/refraction-networking/utls"
)

// RSASchemes are the signature algorithms (RFC 8446 §4.2.3) of a client that
// accepts RSA certificates only, in TLS 1.2 and TLS 1.3.
var RSASchemes = []tls.SignatureScheme{
	tls.PSSWithSHA256, tls.PSSWithSHA384, tls.PSSWithSHA512,
	tls.PKCS1WithSHA256, tls.PKCS1WithSHA384, tls.PKCS1WithSHA512,
}

// ECDSASchemes are the signature algorithms of a client that accepts ECDSA
// certificates only.
var ECDSASchemes = []tls.SignatureScheme{
	tls.ECDSAWithP256AndSHA256, tls.ECDSAWithP384AndSHA384,
}

// handshakeByForm completes one handshake with a hello of c.Form, or that offers
// c.Schemes. crypto/tls always sends its own form, with all the signature algorithms
// that it knows, so uTLS, a fork of crypto/tls, sends the hello.
func (c Client) handshakeByForm(ctx context.Context, raw net.Conn, h *Handshake) error {
	spec, err := c.helloSpec()
	if err != nil {
		return err
	}
	err = c.handshakeWith(ctx, raw, h, spec)
	if err == nil || !strings.HasSuffix(err.Error(), "invalid server key share") {
		return err
	}
	// The server may have chosen a key that uTLS has offered and does not keep. The client
	// comes once more and does not offer it.
	if spec, err = c.helloSpec(); err != nil {
		return err
	}
	withoutForgottenKeys(spec)
	again, err := c.Dial(ctx, "tcp", c.Address)
	if err != nil {
		return err
	}
	defer again.Close()
	h.Local = again.LocalAddr().String()
	return c.handshakeWith(ctx, again, h, spec)
}

// handshakeWith completes one handshake with a hello of uTLS.
func (c Client) handshakeWith(
	ctx context.Context, raw net.Conn, h *Handshake, spec *utls.ClientHelloSpec,
) (err error) {
	config := &utls.Config{
		ServerName:         c.ServerName,
		InsecureSkipVerify: true,
		KeyLogWriter:       c.Keys,
		VerifyPeerCertificate: func(certs [][]byte, _ [][]*x509.Certificate) error {
			for _, der := range certs {
				cert, err := x509.ParseCertificate(der)
				if err != nil {
					return err
				}
				h.Chain = append(h.Chain, cert)
			}
			h.VerifyErr = c.Verify(h.Chain)
			return nil
		},
	}
	conn := utls.UClient(raw, config, utls.HelloCustom)
	if err := conn.ApplyPreset(spec); err != nil {
		return err
	}
	if keys := conn.HandshakeState.State13.KeyShareKeys; keys != nil && keys.Ecdhe == nil {
		// uTLS expects a key although the server asks for another one.
		if keys.Ecdhe, err = ecdh.X25519().GenerateKey(rand.Reader); err != nil {
			return err
		}
	}
	if err := conn.HandshakeContext(ctx); err != nil {
		return err
	}
	state := conn.ConnectionState()
	h.State = tls.ConnectionState{
		Version:            state.Version,
		HandshakeComplete:  state.HandshakeComplete,
		CipherSuite:        state.CipherSuite,
		NegotiatedProtocol: state.NegotiatedProtocol,
		ServerName:         state.ServerName,
		PeerCertificates:   h.Chain,
	}
	return conn.Close()
}
