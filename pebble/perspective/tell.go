package perspective

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"path"
	"sync"
	"time"
)

// tellTimeout bounds how long a connection of Pebble's own validation is served. Pebble
// waits no longer.
const tellTimeout = 15 * time.Second

// TellHTTP answers a connection of Pebble's validation by http-01: with the right answer
// if the challenge is valid from all perspectives that count, otherwise with 403. Problem
// has the reason.
func (v *Validator) TellHTTP(ctx context.Context, pebble net.Conn) {
	_ = pebble.SetDeadline(time.Now().Add(tellTimeout))
	request, err := http.ReadRequest(bufio.NewReader(pebble))
	if err != nil {
		return
	}
	status, body := http.StatusForbidden, ""
	c := v.find(keyOfToken(path.Base(request.URL.Path)))
	if c != nil && v.verdict(ctx, c) == nil {
		status, body = http.StatusOK, c.KeyAuthorization
	}
	// An error means that Pebble is gone.
	_, _ = fmt.Fprintf(pebble, "HTTP/1.1 %d %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		status, http.StatusText(status), len(body), body)
}

// TellTLS answers a connection of Pebble's validation by tls-alpn-01: with the right
// certificate if the challenge is valid from all perspectives that count. Otherwise the
// handshake fails.
func (v *Validator) TellTLS(ctx context.Context, pebble net.Conn) {
	_ = pebble.SetDeadline(time.Now().Add(tellTimeout))
	// An error means that the challenge is invalid, or that Pebble is gone.
	_ = tls.Server(pebble, &tls.Config{
		NextProtos: []string{acmeTLS},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			c := v.find(keyOfName("tls-alpn-01", hello.ServerName))
			if c == nil || v.verdict(ctx, c) != nil {
				return nil, errors.New("the challenge is invalid")
			}
			return c.answer.of(c.Challenge)
		},
	}).HandshakeContext(ctx)
}

// certificate makes a challenge certificate once.
type certificate struct {
	once sync.Once
	made *tls.Certificate
	err  error
}

// of returns the certificate that is the right answer to a challenge (RFC 8737 §3).
func (a *certificate) of(c Challenge) (*tls.Certificate, error) {
	a.once.Do(func() { a.made, a.err = newCertificate(c) })
	return a.made, a.err
}

func newCertificate(c Challenge) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256([]byte(c.KeyAuthorization))
	value, err := asn1.Marshal(digest[:])
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		DNSNames:     []string{c.Name},
		ExtraExtensions: []pkix.Extension{
			{Id: acmeIdentifier, Critical: true, Value: value},
		},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
