package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"testing"

	"assay/fixtures/pki"
)

// TestSchemesSelectTheCertificate checks in both versions that a server with an
// ECDSA and an RSA certificate chooses by the client's signature algorithms, and
// that a server without a fitting certificate refuses the client.
func TestSchemesSelectTheCertificate(t *testing.T) {
	ecdsa, rsa := identity(t, pki.Spec{}), identity(t, pki.Spec{Key: pki.RSA2048})
	key, err := rsa.KeyFile(pki.None)
	if err != nil {
		t.Fatal(err)
	}
	second, err := tls.X509KeyPair(rsa.ChainPEM(), key)
	if err != nil {
		t.Fatal(err)
	}
	both := serve(t, ecdsa, func(c *tls.Config) { c.Certificates = append(c.Certificates, second) })
	alone := serve(t, ecdsa, nil)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, tt := range []struct {
			schemes []tls.SignatureScheme
			want    x509.PublicKeyAlgorithm
		}{{RSASchemes, x509.RSA}, {ECDSASchemes, x509.ECDSA}} {
			client := both
			client.MinVersion, client.MaxVersion, client.Schemes = version, version, tt.schemes
			client.Protocols = []string{"http/1.1"}
			h := client.Handshake(context.Background())
			if h.Err != nil || h.Leaf().PublicKeyAlgorithm != tt.want {
				t.Fatalf("%s, %v: got %v, %v", tls.VersionName(version), tt.schemes, h.Leaf(), h.Err)
			}
			if h.State.Version != version || h.State.NegotiatedProtocol != "http/1.1" {
				t.Errorf("%s: got %s, protocol %q", tls.VersionName(version),
					tls.VersionName(h.State.Version), h.State.NegotiatedProtocol)
			}
		}
		client := alone
		client.MinVersion, client.MaxVersion, client.Schemes = version, version, RSASchemes
		h := client.Handshake(context.Background())
		if alert, ok := h.Alert(); !ok {
			t.Errorf("%s, no RSA certificate: got %v, %v, expected an alert",
				tls.VersionName(version), alert, h.Err)
		}
	}
}
