package certificate

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"
	"slices"
)

// needsIssuer reports whether a certificate proves that its issuer is no root,
// so that a chain must not end with it. The package documentation explains the
// rule.
func needsIssuer(top *x509.Certificate) bool {
	if selfSigned(top) {
		return false
	}
	return issuerHasIssuer(top) || !top.IsCA && publiclyTrusted(top) && !issuedBySystemRoot(top)
}

// Policies of the CA/Browser Forum for the certificates of servers: domain,
// organization, individual and extended validation.
var publicPolicies = []string{
	"2.23.140.1.2.1", "2.23.140.1.2.2", "2.23.140.1.2.3", "2.23.140.1.1",
}

var (
	oidTimestamps = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2} // RFC 6962 §3.3
	oidAuthority  = asn1.ObjectIdentifier{2, 5, 29, 35}                     // RFC 5280 §4.2.1.1
)

// publiclyTrusted reports whether a certificate was issued under the Baseline
// Requirements.
func publiclyTrusted(cert *x509.Certificate) bool {
	return extension(cert, oidTimestamps) != nil ||
		slices.ContainsFunc(cert.Policies, func(policy x509.OID) bool {
			return slices.Contains(publicPolicies, policy.String())
		})
}

func extension(cert *x509.Certificate, id asn1.ObjectIdentifier) []byte {
	for _, e := range cert.Extensions {
		if e.Id.Equal(id) {
			return e.Value
		}
	}
	return nil
}

// issuerHasIssuer reports whether the authority key identifier names a
// certificate of the issuer that another one issued.
func issuerHasIssuer(cert *x509.Certificate) bool {
	var id struct {
		KeyID  []byte        `asn1:"optional,tag:0"`
		Issuer asn1.RawValue `asn1:"optional,tag:1"`
		Serial *big.Int      `asn1:"optional,tag:2"`
	}
	if rest, err := asn1.Unmarshal(extension(cert, oidAuthority), &id); err != nil || len(rest) > 0 {
		return false
	}
	for names := id.Issuer.Bytes; len(names) > 0; {
		var name asn1.RawValue
		rest, err := asn1.Unmarshal(names, &name)
		if err != nil {
			return false
		}
		if name.Class == asn1.ClassContextSpecific && name.Tag == directoryName {
			return !bytes.Equal(name.Bytes, cert.RawIssuer)
		}
		names = rest
	}
	return false
}

// directoryName is the tag of a distinguished name among general names (RFC 5280
// §4.2.1.6).
const directoryName = 4

// issuedBySystemRoot asks the trust store of the machine. It verifies at the end
// of the certificate's own life, so that the answer is about the issuer and not
// about an expired certificate.
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
	// A root that ends before the certificate is a root all the same.
	return err == nil || errors.As(err, &invalid) && invalid.Reason == x509.Expired
}
