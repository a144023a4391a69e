package pebble

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net"
	"net/http"

	"github.com/letsencrypt/pebble/v2/acme"
	"github.com/letsencrypt/pebble/v2/core"
)

// faultOrderPrefix begins the identifiers of orders that no client made: for these
// Pebble's issuer signs the certificates that faults deliver. Pebble's own
// identifiers have no colon.
const faultOrderPrefix = "fault:"

// invalidateOrder makes an order invalid, as a CA does when a check before signing
// fails (RFC 8555 §7.1.6).
func (e *edge) invalidateOrder(x *exchange) {
	unlock, ok := e.progress.lockOrder(x.request.Context(), x.order)
	if !ok {
		return // the answer will say that the order is busy
	}
	defer unlock()
	if order := e.backend.frontend.Load().store.GetOrderByID(x.order); order != nil {
		order.Lock()
		defer order.Unlock()
		order.Error = acme.UnauthorizedProblem("the CA withdraws this order")
	}
}

// finalizeWithoutIssuing answers finalize as if it were accepted, but nothing is
// issued.
func (e *edge) finalizeWithoutIssuing(x *exchange) *answer {
	order := e.backend.frontend.Load().store.GetOrderByID(x.order)
	if order == nil {
		return e.askPebble(x)
	}
	order.RLock()
	shown := order.Order
	order.RUnlock()
	shown.Status = acme.StatusProcessing
	shown.Finalize = baseURL(x.request) + x.request.URL.Path
	body, err := json.Marshal(shown)
	if err != nil {
		return e.askPebble(x)
	}
	e.invalidateOrder(x)
	a := newAnswer(http.StatusOK, "application/json", string(body))
	a.header.Set("Replay-Nonce", e.freshNonce(x))
	if e.dialect == LetsEncrypt {
		a.header.Set("Location", baseURL(x.request)+pathOrder+x.order)
	}
	e.redate(x, a)
	return a
}

// cutChain removes all certificates but the first.
func cutChain(_ *edge, a *answer) error {
	block, _ := pem.Decode(a.body)
	if block == nil {
		return errors.New("no certificate in the answer")
	}
	a.body = pem.EncodeToMemory(block)
	return nil
}

// skipIssuer removes the second certificate.
func skipIssuer(_ *edge, a *answer) error {
	leaf, rest := pem.Decode(a.body)
	issuer, above := pem.Decode(rest)
	if leaf == nil || issuer == nil || len(bytes.TrimSpace(above)) == 0 {
		return errors.New("the chain has fewer than two intermediates")
	}
	a.body = append(pem.EncodeToMemory(leaf), above...)
	return nil
}

// foreignIssuer removes all certificates but the first and appends the root of
// another CA.
func foreignIssuer(e *edge, a *answer) error {
	if err := cutChain(e, a); err != nil {
		return err
	}
	root, err := newEndpointRoot(Options{})
	if err != nil {
		return err
	}
	a.body = append(a.body, root.PEM()...)
	return nil
}

// wrongName replaces the certificate with one for the same key and another name.
func (e *edge) wrongName(a *answer, name string) error {
	leaf, err := leafOf(a)
	if err != nil {
		return err
	}
	request := &x509.CertificateRequest{PublicKey: leaf.PublicKey}
	if ip := net.ParseIP(name); ip != nil {
		request.IPAddresses = []net.IP{ip}
	} else {
		request.DNSNames = []string{name}
	}
	return e.sign(a, request)
}

// wrongKey replaces the certificate with one for the same names and another key.
func (e *edge) wrongKey(a *answer) error {
	leaf, err := leafOf(a)
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	return e.sign(a, &x509.CertificateRequest{
		PublicKey: key.Public(), DNSNames: leaf.DNSNames, IPAddresses: leaf.IPAddresses,
	})
}

func leafOf(a *answer) (*x509.Certificate, error) {
	block, _ := pem.Decode(a.body)
	if block == nil {
		return nil, errors.New("no certificate in the answer")
	}
	return x509.ParseCertificate(block.Bytes)
}

// sign replaces the chain in the answer with one that Pebble's issuer signs for the
// request. Pebble does not give its issuer's key away, but it completes any order.
// Of the request it reads only the names and the public key.
func (e *edge) sign(a *answer, request *x509.CertificateRequest) error {
	order := &core.Order{
		ID:              faultOrderPrefix + rand.Text(),
		Order:           acme.Order{Profile: profile},
		ParsedCSR:       request,
		BeganProcessing: true,
	}
	if e.dates.clock != nil {
		order.NotBefore = e.notBefore()
	}
	e.backend.issuer.CompleteOrder(order) // returns when the certificate is signed
	if order.CertificateObject == nil {
		return errors.New("the issuer signed no certificate")
	}
	again, err := e.backend.signAgain(order.CertificateObject)
	if err != nil {
		return err
	}
	a.body = bytes.Clone(again.Chain(0))
	return nil
}
