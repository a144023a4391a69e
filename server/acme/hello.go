package acme

import (
	"crypto/tls"
	"slices"
)

// withSuites returns a hello in which autocert sees what a client of TLS 1.3 can do. The
// cipher suites of TLS 1.3 say nothing about certificates (RFC 8446 §4.2.3 leaves that to
// the signature algorithms), but autocert serves and orders an ECDSA certificate only for a
// client that offers an ECDSA suite of TLS 1.2. One that offers TLS 1.3 alone would cost a
// second certificate, and be refused while the CA is away.
func withSuites(hello *tls.ClientHelloInfo) *tls.ClientHelloInfo {
	tls13 := slices.Contains(hello.SupportedVersions, tls.VersionTLS13)
	if !tls13 || len(hello.SignatureSchemes) == 0 {
		return hello
	}
	more := *hello
	more.CipherSuites = append(slices.Clone(hello.CipherSuites),
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)
	return &more
}
