package certificate

import (
	"bytes"
	"crypto/x509"
	"fmt"
)

// ChainProblems checks a chain as it would be served: the leaf first, each
// certificate followed by its issuer (RFC 8446 §4.4.2, RFC 5246 §7.4.2), no
// intermediate outside its validity, none provably missing at the end. The root
// may be there or not. It returns one line for each defect and nothing for a
// sound chain. The package documentation explains the rule.
func ChainProblems(chain []*x509.Certificate) []string {
	var problems []string
	for i := range chain {
		// An expired root in the file does no harm, because clients use their own copy.
		if problem := notValidNow(chain[i]); i > 0 && problem != "" && !selfSigned(chain[i]) {
			problems = append(problems, fmt.Sprintf("%s %s, expected a valid intermediate certificate",
				at(chain, i), problem))
		}
		if i+1 < len(chain) && !issued(chain[i+1], chain[i]) {
			return append(problems, wrongIssuer(chain, i)) // what follows is judged against nothing
		}
	}
	if top := len(chain) - 1; needsIssuer(chain[top]) {
		problems = append(problems, fmt.Sprintf(
			"%s has no issuer in the file: the intermediate certificate %q is missing, "+
				"expected it at place %d", at(chain, top), chain[top].Issuer, top+2))
	}
	return problems
}

// wrongIssuer explains why the certificate after place i should not be there.
func wrongIssuer(chain []*x509.Certificate, i int) string {
	found := fmt.Sprintf("%s is followed by %s, which did not issue it", at(chain, i), at(chain, i+1))
	if selfSigned(chain[i]) {
		return found + ": it is self-signed, expected nothing after it"
	}
	for j := range chain {
		if j != i && issued(chain[j], chain[i]) {
			return fmt.Sprintf("%s: its issuer %q is misplaced at place %d, expected it at place %d",
				found, Name(chain[j]), j+1, i+2)
		}
	}
	return fmt.Sprintf("%s: its issuer %q is missing, expected it at place %d",
		found, chain[i].Issuer, i+2)
}

// issued reports whether parent issued child, judged by names, CA rights and the
// signature (RFC 5280 §6.1).
func issued(parent, child *x509.Certificate) bool {
	return bytes.Equal(parent.RawSubject, child.RawIssuer) && child.CheckSignatureFrom(parent) == nil
}

// selfSigned reports whether a certificate is its own issuer. It need not be a
// CA.
func selfSigned(cert *x509.Certificate) bool {
	return bytes.Equal(cert.RawSubject, cert.RawIssuer) &&
		cert.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature) == nil
}

// at names a certificate by its place in the file, counted from one.
func at(chain []*x509.Certificate, i int) string {
	return fmt.Sprintf("certificate %d (%s)", i+1, Name(chain[i]))
}
