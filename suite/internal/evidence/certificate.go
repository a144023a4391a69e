package evidence

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"

	"assay/suite/report"
)

// certificates describes a chain as it was served.
func certificates(chain []*x509.Certificate) []report.Certificate {
	var all []report.Certificate
	for _, cert := range chain {
		all = append(all, report.Certificate{
			Subject:   cert.Subject.String(),
			Issuer:    cert.Issuer.String(),
			Names:     names(cert),
			NotBefore: cert.NotBefore.UTC(),
			NotAfter:  cert.NotAfter.UTC(),
			Serial:    fmt.Sprintf("%x", cert.SerialNumber),
			Key:       key(cert),
			CA:        cert.IsCA,
			PEM:       string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})),
		})
	}
	return all
}

// names returns the DNS names and the IP addresses of a certificate.
func names(cert *x509.Certificate) []string {
	all := slices.Clone(cert.DNSNames)
	for _, ip := range cert.IPAddresses {
		all = append(all, ip.String())
	}
	return all
}

// key describes the key of a certificate, "ECDSA P-256".
func key(cert *x509.Certificate) string {
	switch k := cert.PublicKey.(type) {
	case *ecdsa.PublicKey:
		return "ECDSA " + k.Curve.Params().Name
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", k.N.BitLen())
	case ed25519.PublicKey:
		return "Ed25519"
	default:
		return cert.PublicKeyAlgorithm.String()
	}
}
