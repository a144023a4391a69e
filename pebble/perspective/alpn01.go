package perspective

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"strings"

	"assay/pebble/limits"
)

// acmeTLS is the protocol of TLS-ALPN-01 (RFC 8737 §6.2).
const acmeTLS = "acme-tls/1"

// acmeIdentifier is the extension that holds the digest (RFC 8737 §6.1).
var acmeIdentifier = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}

// tlsALPN01 asks for the challenge certificate by TLS (RFC 8737 §3).
func (l look) tlsALPN01(ctx context.Context) *Problem {
	plain, err := l.connect(ctx, l.c.Name, 443)
	if err != nil {
		return problem(err)
	}
	defer plain.Close()
	deadline(ctx, plain)
	conn := tls.Client(limits.Reader(plain, limits.Handshake), &tls.Config{
		ServerName: l.c.Name, NextProtos: []string{acmeTLS}, InsecureSkipVerify: true,
	})
	err = conn.HandshakeContext(ctx)
	event := Event{Port: 443, Host: l.c.Name}
	if err != nil {
		event.Error = cause(err)
	}
	l.record(event)
	if err != nil {
		return &Problem{"connection", "the handshake fails: " + cause(err)}
	}
	state := conn.ConnectionState()
	if state.NegotiatedProtocol != acmeTLS {
		return &Problem{"unauthorized", fmt.Sprintf("the handshake settles on protocol %q, expected %q",
			state.NegotiatedProtocol, acmeTLS)}
	}
	return l.judge(state.PeerCertificates[0])
}

// judge compares a certificate with the challenge.
func (l look) judge(leaf *x509.Certificate) *Problem {
	if len(leaf.DNSNames) != 1 || !strings.EqualFold(leaf.DNSNames[0], l.c.Name) {
		return &Problem{"unauthorized", fmt.Sprintf("the certificate has the names %q, expected %q alone",
			limits.CutAll(leaf.DNSNames), l.c.Name)}
	}
	want := sha256.Sum256([]byte(l.c.KeyAuthorization))
	for _, e := range leaf.Extensions {
		if !e.Critical || !e.Id.Equal(acmeIdentifier) {
			continue
		}
		var seen []byte
		if _, err := asn1.Unmarshal(e.Value, &seen); err != nil {
			return &Problem{"unauthorized", "the acmeIdentifier extension holds no octet string"}
		}
		if subtle.ConstantTimeCompare(seen, want[:]) != 1 {
			return &Problem{"unauthorized", "the acmeIdentifier extension has another digest"}
		}
		return nil
	}
	return &Problem{"unauthorized", "the certificate has no critical acmeIdentifier extension"}
}
