package acme

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
)

const (
	chainType = "application/pem-certificate-chain" // RFC 8555 §9.1
	maxChain  = 1 << 20                             // bytes of a chain that are checked
)

// soundChains returns an error for a chain in which a certificate is not
// followed by its issuer. Such a chain is neither cached nor served, and the
// download counts as failed. The last certificate may have any issuer, because
// clients may hold that issuer as a root.
type soundChains struct{ next http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (s soundChains) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := s.next.RoundTrip(r)
	if err != nil || res.StatusCode != http.StatusOK {
		return res, err
	}
	if kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); kind != chainType {
		return res, nil
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxChain))
	if err == nil {
		err = checkChain(body)
	}
	if err != nil {
		res.Body.Close()
		return nil, err
	}
	res.Body = rejoin(body, nil, res.Body)
	return res, nil
}

// checkChain returns an error unless the text holds certificates, each followed
// by its issuer.
func checkChain(text []byte) error {
	var above *x509.Certificate
	for place := 1; ; place++ {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil && above != nil {
			return nil
		} else if block == nil {
			return errors.New("the CA delivered no certificate")
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return fmt.Errorf("the CA delivered no certificate: %w", err)
		}
		if above != nil {
			if err := above.CheckSignatureFrom(cert); err != nil {
				return fmt.Errorf("the CA delivered no sound chain: "+
					"certificate %d (%s) did not issue the one before it: %w", place, cert.Subject, err)
			}
		}
		above = cert
	}
}
