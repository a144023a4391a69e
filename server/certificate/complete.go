package certificate

import (
	"crypto/x509"
	"errors"
)

// endsComplete decides whether a chain may end with this certificate, that is, whether its issuer is a root.
//
// That cannot be known offline in general: a leaf alone may come from a private root or from an intermediate that the
// file lacks. The Authority Information Access extension tells them apart well. Public CAs put the address of the
// issuer's certificate there (caIssuers, RFC 5280 §4.2.2.1) because clients are not expected to hold it; a private
// root, which clients hold, publishes none. So:
//
//   - a self-signed certificate ends every chain;
//   - one without caIssuers was issued by a private root;
//   - one with caIssuers needs its issuer in the file, unless that is a root of the system's trust store.
//
// A private CA that writes caIssuers although its root issued the certificate directly is accused wrongly. The cure
// is to append the root to the file or to install it on the system, or tls_chain_check: warn.
func endsComplete(top *x509.Certificate) bool {
	return selfSigned(top) || len(top.IssuingCertificateURL) == 0 || issuedBySystemRoot(top)
}

// issuedBySystemRoot asks the system's trust store. The question is put at the end of the certificate's own
// life, so that the answer is about the issuer and not about an expired certificate.
func issuedBySystemRoot(cert *x509.Certificate) bool {
	roots, err := x509.SystemCertPool()
	if err != nil {
		return false // no trust store holds no root
	}
	_, err = cert.Verify(x509.VerifyOptions{
		Roots:       roots,
		CurrentTime: cert.NotAfter,
		KeyUsages:   []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	var invalid x509.CertificateInvalidError
	return err == nil || errors.As(err, &invalid) && invalid.Reason == x509.Expired // a root that ends earlier
}
