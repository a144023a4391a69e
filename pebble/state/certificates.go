package state

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/letsencrypt/pebble/v2/acme"
	"github.com/letsencrypt/pebble/v2/core"
	"github.com/letsencrypt/pebble/v2/db"
)

// certificate is a certificate with what it was ordered for.
type certificate struct {
	Account     string            `json:"account"`
	Identifiers []acme.Identifier `json:"identifiers"`
	DER         []byte            `json:"der"`
}

// KeepCertificate keeps a certificate and its order in a directory.
func KeepCertificate(dir string, cert *core.Certificate, order *core.Order) error {
	order.RLock()
	kept := certificate{order.AccountID, order.Identifiers, cert.DER}
	order.RUnlock()
	return keep(filepath.Join(dir, ofCertificates), cert.ID, kept)
}

// addCertificate adds a certificate, and of its order what a later one needs that replaces
// the certificate.
func addCertificate(store *db.MemoryStore, id string, text []byte) error {
	var kept certificate
	if err := json.Unmarshal(text, &kept); err != nil {
		return fmt.Errorf("%w, expected a certificate and its order", err)
	}
	leaf, err := x509.ParseCertificate(kept.DER)
	if err != nil {
		return err
	}
	cert := &core.Certificate{ID: id, AccountID: kept.Account, Cert: leaf, DER: kept.DER}
	if _, err := store.AddCertificate(cert); err != nil {
		return err
	}
	return store.AddOrderByIssuedSerial(&core.Order{
		Order:     acme.Order{Status: acme.StatusValid, Identifiers: kept.Identifiers},
		AccountID: kept.Account, CertificateObject: cert,
	})
}
