package pebble

import (
	"encoding/base64"
	"fmt"
	"log"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
)

// Pebble takes its random behaviour from environment variables, which its
// constructors read. They are the process's, so they are set once, before the
// first CA is built, and to the same for all: no dice anywhere. What somebody's
// shell says about them must not count.
var environment sync.Once

// building is held while Pebble's parts are built, because alwaysValid is
// changed for the time of one constructor.
var building sync.Mutex

const alwaysValid = "PEBBLE_VA_ALWAYS_VALID"

func setEnvironment() error {
	var failed error
	environment.Do(func() {
		for name, value := range map[string]string{
			"PEBBLE_VA_NOSLEEP":      "1", // validate at once, not within 5 s
			"PEBBLE_WFE_NONCEREJECT": "0", // not 5 % of good nonces
			"PEBBLE_AUTHZREUSE":      "0", // not 50 % of valid authorizations (1 % remain, see newOrder)
		} {
			if err := os.Setenv(name, value); err != nil {
				failed = fmt.Errorf("%s=%s: %w", name, value, err)
			}
		}
		os.Unsetenv(alwaysValid)
	})
	return failed
}

// A backend is Pebble: the issuer with its keys, the validator, and the office
// that keeps accounts and orders.
type backend struct {
	log       *log.Logger
	external  *ExternalAccount
	issuer    *ca.CAImpl
	signed    *db.MemoryStore // where the issuer files every certificate
	validator *va.VAImpl
	office    atomic.Pointer[office]
}

// An office can be replaced while issuer and validator stay: that is what
// losing the database means.
type office struct {
	store *db.MemoryStore
	front http.Handler
}

// profile is the one certificate profile (draft-aaron-acme-profiles) that is
// configured: among several, Pebble would choose by chance.
const profile = "default"

func newBackend(o Options, events *log.Logger) (*backend, error) {
	if err := setEnvironment(); err != nil {
		return nil, err
	}
	b := &backend{log: events, external: o.ExternalAccount, signed: db.NewMemoryStore()}
	b.issuer = ca.New(events, b.signed, "", "ecdsa", 0, o.Intermediates, map[string]ca.Profile{
		profile: {Description: "The default profile", ValidityPeriod: uint64(o.Validity / time.Second)},
	})
	if err := b.build(o); err != nil {
		return nil, err
	}
	return b, b.open(b.signed)
}

// build makes the validator, which asks the environment whether to validate.
func (b *backend) build(o Options) error {
	building.Lock()
	defer building.Unlock()
	if o.SkipValidation {
		if err := os.Setenv(alwaysValid, "1"); err != nil {
			return err
		}
		defer os.Unsetenv(alwaysValid)
	}
	b.validator = va.New(b.log, o.HTTPPort, o.TLSPort, false, o.Resolver, b.signed)
	return nil
}

// open opens an office on a store.
func (b *backend) open(store *db.MemoryStore) error {
	if e := b.external; e != nil {
		if err := store.AddExternalAccountKeyByID(e.KeyID, base64.RawURLEncoding.EncodeToString(e.Key)); err != nil {
			return fmt.Errorf("external account %q: %w", e.KeyID, err)
		}
	}
	// No Retry-After of Pebble's: it is a number or a date by chance.
	front := wfe.New(b.log, store, b.validator, b.issuer, []string{"pebble.letsencrypt.org"}, false, b.external != nil, 0, 0)
	b.office.Store(&office{store: store, front: front.Handler()})
	return nil
}

// forget opens a new office without accounts, orders and nonces.
func (b *backend) forget() error { return b.open(db.NewMemoryStore()) }

// file makes a certificate known to the office that delivers it. The issuer
// files it with the store that it began with, which forget may have replaced.
func (b *backend) file(serial string) {
	cert := b.signed.GetCertificateByID(serial)
	if store := b.office.Load().store; cert != nil && store != b.signed {
		_, _ = store.AddCertificate(cert) // fails only if it is there already
	}
}
