package pebble

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"log"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/core"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"

	"assay/pebble/issuer"
	"assay/pebble/state"
)

// Pebble's constructors read from environment variables how random Pebble
// behaves. The variables belong to the process, so they are set once, before the
// first CA is built, and switch all randomness off. This overrides what the user's
// environment says.
var environment sync.Once

// building is held while Pebble's parts are built, because these variables are set for
// the time of one constructor only.
var building sync.Mutex

const (
	alwaysValid = "PEBBLE_VA_ALWAYS_VALID"
	// reusePercent says how many of the valid authorizations Pebble reuses, 50 % by
	// default. With 0 Pebble still reuses 1 %, see newOrder.
	reusePercent = "PEBBLE_AUTHZREUSE"
)

func setEnvironment() error {
	var failed error
	environment.Do(func() {
		for name, value := range map[string]string{
			"PEBBLE_VA_NOSLEEP":      "1", // validate at once instead of within 5 s
			"PEBBLE_WFE_NONCEREJECT": "0", // the default rejects 5 % of good nonces
		} {
			if err := os.Setenv(name, value); err != nil {
				failed = fmt.Errorf("set %s=%s: %w", name, value, err)
			}
		}
		os.Unsetenv(alwaysValid)
	})
	return failed
}

// backend is Pebble: the issuer with its keys, the validator, and the frontend.
type backend struct {
	log       *log.Logger
	options   Options
	issuer    *ca.CAImpl
	own       *issuer.Issuer  // signs again what Pebble's issuer has signed; may be nil
	signed    *db.MemoryStore // where Pebble's issuer stores every certificate
	validator *va.VAImpl
	frontend  atomic.Pointer[frontend]
}

// frontend is the part of Pebble that keeps accounts and orders and answers
// requests. A CA that loses its database gets a new one, while issuer and
// validator stay.
type frontend struct {
	store   *db.MemoryStore
	handler http.Handler
}

// profile names the certificate profile (draft-ietf-acme-profiles) of orders that name
// none. Pebble would choose one at random if there are several, see newOrder.
const profile = "default"

func newBackend(o Options, events *log.Logger) (*backend, error) {
	if err := setEnvironment(); err != nil {
		return nil, err
	}
	b := &backend{log: events, options: o, signed: db.NewMemoryStore()}
	length := o.Intermediates
	if o.ownIssuer() {
		length = 1 // Pebble's chain is not seen
	}
	profiles := map[string]ca.Profile{
		profile: {
			Description:    "The default profile",
			ValidityPeriod: uint64(o.Validity / time.Second),
		},
	}
	for name, validity := range o.Profiles {
		profiles[name] = ca.Profile{
			Description:    "Certificates that live for " + validity.String(),
			ValidityPeriod: uint64(validity / time.Second),
		}
	}
	b.issuer = ca.New(events, b.signed, "", "ecdsa", 0, length, profiles)
	if o.ownIssuer() {
		root, err := o.root("root.pem", "Local Root X1")
		if err != nil {
			return nil, err
		}
		above := b.issuer.GetIntermediateCert(0).Cert
		if o.State != "" {
			// Pebble finds the issuer of a certificate by this, also after a restart.
			hash := sha256.Sum256(root.Certificate.RawSubjectPublicKeyInfo)
			above.SubjectKeyId = hash[:len(above.SubjectKeyId)]
		}
		b.own = issuer.New(issuer.Form{
			ECDSA: o.Intermediates, RSA: o.RSAIntermediates, Alternate: o.Alternate,
			Several: o.TwoIssuers, Leaf: o.Leaf,
		}, root, above.SubjectKeyId)
	}
	store := b.signed
	if b.own != nil {
		store = db.NewMemoryStore() // clients must not find what Pebble's issuer has signed
	}
	if err := b.buildValidator(o, store); err != nil {
		return nil, err
	}
	if o.State != "" {
		if err := state.Restore(o.State, store); err != nil {
			return nil, err
		}
	}
	return b, b.openFrontend(store)
}

// root returns the root of the certificates that clients get.
func (b *backend) root() *x509.Certificate {
	if b.own != nil {
		return b.own.Root()
	}
	return b.issuer.GetRootCert(0).Cert
}

// intermediates returns the certificates between leaves and the root, see
// [issuer.Issuer.Intermediates]. Pebble tells only the one that signs leaves.
func (b *backend) intermediates() ([]*x509.Certificate, error) {
	if b.own != nil {
		return b.own.Intermediates()
	}
	return []*x509.Certificate{b.issuer.GetIntermediateCert(0).Cert}, nil
}

// buildValidator builds the validator. Its constructor reads alwaysValid.
func (b *backend) buildValidator(o Options, store *db.MemoryStore) error {
	building.Lock()
	defer building.Unlock()
	if o.SkipValidation {
		if err := os.Setenv(alwaysValid, "1"); err != nil {
			return fmt.Errorf("set %s=1: %w", alwaysValid, err)
		}
		defer os.Unsetenv(alwaysValid)
	}
	b.validator = va.New(b.log, o.HTTPPort, o.TLSPort, false, o.Resolver, store)
	return nil
}

// resetFrontend makes a frontend without accounts, orders and nonces. No account is kept.
func (b *backend) resetFrontend() error {
	if b.options.State != "" {
		if err := state.Forget(b.options.State); err != nil {
			return err
		}
	}
	return b.openFrontend(db.NewMemoryStore())
}

// openFrontend makes a frontend that keeps its data in store.
func (b *backend) openFrontend(store *db.MemoryStore) error {
	external := b.options.ExternalAccount
	if e := external; e != nil {
		key := base64.RawURLEncoding.EncodeToString(e.Key)
		if err := store.AddExternalAccountKeyByID(e.KeyID, key); err != nil {
			return fmt.Errorf("add external account %q: %w", e.KeyID, err)
		}
	}
	// The last two arguments switch Pebble's Retry-After headers off, because
	// Pebble writes them as a number or a date at random.
	caaIdentities := []string{"pebble.letsencrypt.org"}
	percent := "0"
	if b.options.Reuse > 0 && b.options.Dialect != Stock {
		percent = "100" // of those that newOrder does not hide
	}
	building.Lock()
	defer building.Unlock()
	if err := os.Setenv(reusePercent, percent); err != nil {
		return fmt.Errorf("set %s=%s: %w", reusePercent, percent, err)
	}
	f := wfe.New(b.log, store, b.validator, b.issuer, caaIdentities, b.options.Strict,
		external != nil, 0, 0)
	b.frontend.Store(&frontend{store: store, handler: f.Handler()})
	return nil
}

// deliver puts a certificate that Pebble's issuer has signed where clients get it, and
// returns it. The certificate is another one, with the same serial number, if the CA has
// an issuer of its own.
func (b *backend) deliver(serial string) (*core.Certificate, error) {
	cert := b.signed.GetCertificateByID(serial)
	if cert == nil {
		return nil, fmt.Errorf("certificate %s: not found", serial)
	}
	cert, err := b.signAgain(cert)
	if err != nil {
		return nil, err
	}
	if store := b.frontend.Load().store; store != b.signed {
		_, _ = store.AddCertificate(cert) // fails only if the certificate is there already
	}
	return cert, nil
}

// signAgain lets the CA's own issuer sign a certificate that Pebble's has signed. It
// returns the same certificate if there is no such issuer.
func (b *backend) signAgain(cert *core.Certificate) (*core.Certificate, error) {
	if b.own == nil {
		return cert, nil
	}
	leaf, chains, err := b.own.Issue(cert.Cert)
	if err != nil {
		return nil, err
	}
	again := &core.Certificate{
		ID: cert.ID, AccountID: cert.AccountID, Cert: leaf, DER: leaf.Raw,
	}
	for _, chain := range chains {
		var above []*core.Certificate
		for _, c := range chain {
			above = append(above, &core.Certificate{Cert: c, DER: c.Raw})
		}
		again.IssuerChains = append(again.IssuerChains, above)
	}
	return again, nil
}
