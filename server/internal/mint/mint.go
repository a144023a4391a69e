// Package mint makes certificates for the server's own tests.
package mint

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"
)

// Pair is a certificate with its key.
type Pair struct {
	*x509.Certificate
	Key crypto.Signer
}

// Option changes a template before it is signed.
type Option func(*x509.Certificate)

// AIA adds the address of the issuer's certificate, as public CAs do (RFC 5280 §4.2.2.1).
func AIA(c *x509.Certificate) { c.IssuingCertificateURL = []string{"http://ca.test/issuer.der"} }

// Expired lets the validity end an hour ago.
func Expired(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) }

// NotYet lets the validity begin in an hour.
func NotYet(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }

// CA makes a root, or an intermediate if an issuer is given.
func CA(t testing.TB, issuer *Pair, name string, options ...Option) *Pair {
	t.Helper()
	return make509(t, issuer, name, append([]Option{func(c *x509.Certificate) {
		c.IsCA = true
		c.KeyUsage = x509.KeyUsageCertSign
		c.DNSNames = nil
	}}, options...))
}

// Leaf makes a server's certificate, a self-signed one if no issuer is given.
func Leaf(t testing.TB, issuer *Pair, name string, options ...Option) *Pair {
	t.Helper()
	return make509(t, issuer, name, options)
}

func make509(t testing.TB, issuer *Pair, name string, options []Option) *Pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: name},
		DNSNames:              []string{name},
		NotBefore:             time.Now().Add(-24 * time.Hour),
		NotAfter:              time.Now().Add(90 * 24 * time.Hour),
		BasicConstraintsValid: true,
	}
	for _, option := range options {
		option(template)
	}
	parent, signer := template, crypto.Signer(key)
	if issuer != nil {
		parent, signer = issuer.Certificate, issuer.Key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &Pair{cert, key}
}

// PEM writes the certificates of pairs one after the other.
func PEM(pairs ...*Pair) []byte {
	var out bytes.Buffer
	for _, p := range pairs {
		out.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Raw}))
	}
	return out.Bytes()
}

// KeyPEM writes the key as PKCS #8.
func (p *Pair) KeyPEM(t testing.TB) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(p.Key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}
