// Package acme obtains and renews the certificate of one host name from an ACME
// CA (RFC 8555), by autocert.
package acme

import (
	"crypto/tls"
	"log"
	"slices"
	"sync/atomic"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"assay/server/config"
)

// Source serves the certificate of an autocert manager. The first handshake that
// needs a certificate obtains it. The CA gets no request before that.
type Source struct {
	manager *autocert.Manager
	tlsALPN bool
	current atomic.Pointer[tls.Certificate]
}

// NewSource prepares a source. It neither touches the network nor writes a file.
func NewSource(cfg *config.Config, logger *log.Logger) *Source {
	return &Source{
		manager: newManager(cfg, logger),
		tlsALPN: cfg.ChallengeType == config.TLSALPN01,
	}
}

// GetCertificate implements the hook of [tls.Config]. It returns the errors of
// the manager unchanged.
func (s *Source) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	cert, err := s.manager.GetCertificate(hello)
	if err == nil && !slices.Equal(hello.SupportedProtos, []string{acme.ALPNProto}) {
		s.current.Store(cert)
	}
	return cert, err
}

// Current returns the certificate that was served last, and nil before the first
// one. Certificates that answer a challenge do not count.
func (s *Source) Current() *tls.Certificate { return s.current.Load() }

// Protocols lists what is offered by ALPN (RFC 7301), the preferred protocol
// first. The protocol of TLS-ALPN-01 (RFC 8737 §4) is offered only if that type
// of challenge is configured.
func (s *Source) Protocols() []string {
	protocols := []string{"h2", "http/1.1"}
	if s.tlsALPN {
		protocols = append(protocols, acme.ALPNProto)
	}
	return protocols
}
