package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"slices"

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

// handshakeBySchemes completes one handshake with a hello that offers c.Schemes.
// crypto/tls always offers all the signature algorithms that it knows, so uTLS, a
// fork of crypto/tls, sends a hello that helloSpec composes.
func (c Client) handshakeBySchemes(ctx context.Context, raw net.Conn, h *Handshake) error {
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
	if err := conn.ApplyPreset(c.helloSpec()); err != nil {
		return err
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

// helloSpec composes the hello: all the versions and suites that the client may
// speak, and its signature algorithms.
func (c Client) helloSpec() *utls.ClientHelloSpec {
	lowest, highest := c.versions()
	suites := slices.Clone(c.Suites)
	if suites == nil {
		suites = append(slices.Clone(ECDSASuites), RSASuites...)
	}
	schemes := make([]utls.SignatureScheme, len(c.Schemes))
	for i, scheme := range c.Schemes {
		schemes[i] = utls.SignatureScheme(scheme)
	}
	extensions := []utls.TLSExtension{
		&utls.SupportedCurvesExtension{Curves: []utls.CurveID{utls.X25519, utls.CurveP256}},
		&utls.SupportedPointsExtension{SupportedPoints: []byte{0}}, // uncompressed
		&utls.SignatureAlgorithmsExtension{SupportedSignatureAlgorithms: schemes},
	}
	if c.ServerName != "" {
		extensions = append(extensions, &utls.SNIExtension{})
	}
	if len(c.Protocols) > 0 {
		extensions = append(extensions, &utls.ALPNExtension{AlpnProtocols: c.Protocols})
	}
	if highest >= tls.VersionTLS13 {
		suites = append([]uint16{tls.TLS_AES_128_GCM_SHA256, tls.TLS_AES_256_GCM_SHA384}, suites...)
		var versions []uint16
		for version := highest; version >= lowest; version-- {
			versions = append(versions, version)
		}
		extensions = append(extensions,
			&utls.SupportedVersionsExtension{Versions: versions},
			&utls.KeyShareExtension{KeyShares: []utls.KeyShare{{Group: utls.X25519}}})
	}
	return &utls.ClientHelloSpec{
		TLSVersMin:         lowest,
		TLSVersMax:         highest,
		CipherSuites:       suites,
		CompressionMethods: []byte{0},
		Extensions:         extensions,
	}
}
