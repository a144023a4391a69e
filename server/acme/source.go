// Package acme obtains and renews the certificate of one host name from an ACME CA (RFC 8555), by autocert.
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

// Source serves the certificate of an autocert manager. The first handshake that needs a certificate obtains it;
// nothing is asked of the CA before.
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

// GetCertificate implements the hook of [tls.Config]. Its errors are the library's own, unchanged.
func (s *Source) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	cert, err := s.manager.GetCertificate(hello)
	if err == nil && !slices.Equal(hello.SupportedProtos, []string{acme.ALPNProto}) {
		s.current.Store(cert)
	}
	return cert, err
}

// Current returns the certificate that was handed out last, challenge certificates apart; nil before the first.
func (s *Source) Current() *tls.Certificate { return s.current.Load() }

// Protocols lists what is offered by ALPN (RFC 7301), the preferred one first. A TLS-ALPN-01 challenge is answered
// only where that type is configured (RFC 8737 §4): the manager tries it first whenever it can, and who asks for
// HTTP-01 shall be validated by HTTP-01.
func (s *Source) Protocols() []string {
	protocols := []string{"h2", "http/1.1"}
	if s.tlsALPN {
		protocols = append(protocols, acme.ALPNProto)
	}
	return protocols
}
