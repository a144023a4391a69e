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

// spoiled begins the identifier of orders that no client made, in which Pebble's
// issuer signs what a fault delivers. Pebble's own identifiers have no colon.
const spoiled = "fault:"

// spoilOrder sets an order invalid, as after a check that the CA repeats just
// before it signs (RFC 8555 §7.1.6).
func (e *edge) spoilOrder(x *exchange) {
	unlock, ok := e.gates.lock(x.request.Context(), x.order)
	if !ok {
		return // the answer will say that the order is stuck
	}
	defer unlock()
	if order := e.backend.office.Load().store.GetOrderByID(x.order); order != nil {
		order.Lock()
		defer order.Unlock()
		order.Error = acme.UnauthorizedProblem("the CA withdraws this order")
	}
}

// finalizeInVain answers finalize as if it were accepted, and signs nothing.
func (e *edge) finalizeInVain(x *exchange) *answer {
	order := e.backend.office.Load().store.GetOrderByID(x.order)
	if order == nil {
		return e.ask(x)
	}
	order.RLock()
	shown := order.Order
	order.RUnlock()
	shown.Status = acme.StatusProcessing
	shown.Finalize = origin(x.request) + x.request.URL.Path
	body, err := json.Marshal(shown)
	if err != nil {
		return e.ask(x)
	}
	e.spoilOrder(x)
	a := newAnswer(http.StatusOK, "application/json", string(body))
	a.header.Set("Replay-Nonce", e.freshNonce(x))
	if e.manner == LetsEncrypt {
		a.header.Set("Location", origin(x.request)+pathOrder+x.order)
	}
	return a
}

// cutChain leaves only the first certificate.
func cutChain(_ *edge, a *answer) error {
	block, _ := pem.Decode(a.body)
	if block == nil {
		return errors.New("no certificate in the answer")
	}
	a.body = pem.EncodeToMemory(block)
	return nil
}

// skipIssuer leaves out the second certificate.
func skipIssuer(_ *edge, a *answer) error {
	leaf, rest := pem.Decode(a.body)
	issuer, above := pem.Decode(rest)
	if leaf == nil || issuer == nil || len(bytes.TrimSpace(above)) == 0 {
		return errors.New("the chain has no two intermediates")
	}
	a.body = append(pem.EncodeToMemory(leaf), above...)
	return nil
}

// foreignIssuer leaves the first certificate, and puts the root of another CA
// after it: a good certificate, which issued nothing here.
func foreignIssuer(e *edge, a *answer) error {
	if err := cutChain(e, a); err != nil {
		return err
	}
	_, root, err := endpointCertificate("foreign.test")
	a.body = append(a.body, root...)
	return err
}

// wrongName replaces the certificate by one for the same key and another name.
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

// wrongKey replaces the certificate by one for the same names and another key.
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

// sign puts a certificate of Pebble's issuer, with its chain, into the answer.
// Pebble keeps the issuer's key to itself, but signs what an order asks for; of
// the request it looks at names and public key only.
func (e *edge) sign(a *answer, request *x509.CertificateRequest) error {
	order := &core.Order{
		ID:              spoiled + rand.Text(),
		Order:           acme.Order{Profile: profile},
		ParsedCSR:       request,
		BeganProcessing: true,
	}
	e.backend.issuer.CompleteOrder(order) // returns when it is done
	if order.CertificateObject == nil {
		return errors.New("the issuer did not sign")
	}
	a.body = bytes.Clone(order.CertificateObject.Chain(0))
	return nil
}
