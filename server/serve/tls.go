package serve

import "crypto/tls"

// Source provides the certificate that is served.
type Source interface {
	// GetCertificate implements the hook of [tls.Config].
	GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// Current returns the certificate in use; nil if there is none yet.
	Current() *tls.Certificate
	// Protocols lists what is offered by ALPN, the preferred protocol first.
	Protocols() []string
}

// tlsConfig serves the certificate of a source by TLS 1.2 or newer (RFC 8996
// deprecates older versions). It does not ask clients for a certificate.
func tlsConfig(source Source) *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		ClientAuth:     tls.NoClientCert,
		GetCertificate: source.GetCertificate,
		NextProtos:     source.Protocols(),
	}
}
