package pebble

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"path/filepath"
	"strings"
	"time"

	"assay/pebble/issuer"
)

// endpointRoot is the root that issues certificates for the HTTPS endpoint. It has
// nothing to do with the root of the certificates that Pebble issues.
type endpointRoot struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

func newEndpointRoot(o Options) (*endpointRoot, error) {
	root, err := o.root("endpoint-root.pem", "Local ACME endpoint root")
	if err != nil {
		return nil, fmt.Errorf("the endpoint's root: %w", err)
	}
	return &endpointRoot{root.Certificate, root.Key}, nil
}

// root returns a root of the CA: a new one, or the one that the CA had before.
func (o Options) root(file, name string) (issuer.Root, error) {
	if o.State == "" {
		return issuer.NewRoot(name)
	}
	return issuer.KeepRoot(filepath.Join(o.State, file), name)
}

// PEM returns the root's certificate in PEM.
func (r *endpointRoot) PEM() []byte { return certificatePEM(r.certificate) }

// issue issues a certificate for DNS names and IP addresses, with a new key.
func (r *endpointRoot) issue(names []string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("key of the endpoint: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano() + 1), // differs from the root's
		Subject:      pkix.Name{CommonName: "Local ACME endpoint"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     r.certificate.NotAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, r.certificate, key.Public(), r.key)
	if err != nil {
		return nil, fmt.Errorf("certificate of the endpoint for %q: %w", names, err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

func certificatePEM(certificate *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})
}

// hostOf returns the host of "host", "host:port", "[v6]" or "[v6]:port", without
// brackets.
func hostOf(authority string) string {
	if host, _, err := net.SplitHostPort(authority); err == nil {
		return host
	}
	return strings.Trim(authority, "[]")
}
