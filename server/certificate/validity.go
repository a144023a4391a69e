package certificate

import (
	"crypto/x509"
	"fmt"
	"time"

	"assay/server/config"
)

// validityWarnings returns a warning about a leaf that clients will not accept
// today. The leaf is served nevertheless, because the operator can replace it
// while the server runs.
func validityWarnings(leaf *x509.Certificate, files Files) []string {
	if problem := notValidNow(leaf); problem != "" {
		return []string{fmt.Sprintf("%s: %s: the certificate (%s) %s",
			config.KeyCertPath, files.CertPath, Name(leaf), problem)}
	}
	return nil
}

// notValidNow says why a certificate is outside its validity (RFC 5280
// §4.1.2.5). It returns an empty text if the certificate is valid.
func notValidNow(cert *x509.Certificate) string {
	now := time.Now()
	switch {
	case now.After(cert.NotAfter):
		return "expired on " + cert.NotAfter.UTC().Format(time.RFC3339)
	case now.Before(cert.NotBefore):
		return "is not valid before " + cert.NotBefore.UTC().Format(time.RFC3339)
	}
	return ""
}

// Name returns the subject of a certificate. If the subject is empty, it
// returns the first alternative name or the serial number.
func Name(cert *x509.Certificate) string {
	switch {
	case len(cert.Subject.Names) > 0:
		return cert.Subject.String()
	case len(cert.DNSNames) > 0:
		return cert.DNSNames[0]
	case len(cert.IPAddresses) > 0:
		return cert.IPAddresses[0].String()
	}
	return "serial " + cert.SerialNumber.Text(16)
}
