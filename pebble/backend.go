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

// Pebble's constructors read from environment variables how random Pebble
// behaves. The variables belong to the process, so they are set once, before the
// first CA is built, and switch all randomness off. This overrides what the user's
// environment says.
var environment sync.Once

// building is held while Pebble's parts are built, because the variable
// alwaysValid is set for the time of one constructor only.
var building sync.Mutex

const alwaysValid = "PEBBLE_VA_ALWAYS_VALID"

func setEnvironment() error {
	var failed error
	environment.Do(func() {
		for name, value := range map[string]string{
			"PEBBLE_VA_NOSLEEP":      "1", // validate at once instead of within 5 s
			"PEBBLE_WFE_NONCEREJECT": "0", // the default rejects 5 % of good nonces
			// The default reuses 50 % of valid authorizations. With 0 Pebble still
			// reuses 1 %, see newOrder.
			"PEBBLE_AUTHZREUSE": "0",
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
	external  *ExternalAccount
	issuer    *ca.CAImpl
	signed    *db.MemoryStore // where the issuer stores every certificate
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

// profile names the only certificate profile (draft-aaron-acme-profiles). If there
// were several, Pebble would choose one at random.
const profile = "default"

func newBackend(o Options, events *log.Logger) (*backend, error) {
	if err := setEnvironment(); err != nil {
		return nil, err
	}
	b := &backend{log: events, external: o.ExternalAccount, signed: db.NewMemoryStore()}
	b.issuer = ca.New(events, b.signed, "", "ecdsa", 0, o.Intermediates, map[string]ca.Profile{
		profile: {
			Description:    "The default profile",
			ValidityPeriod: uint64(o.Validity / time.Second),
		},
	})
	if err := b.buildValidator(o); err != nil {
		return nil, err
	}
	return b, b.openFrontend(b.signed)
}

// buildValidator builds the validator. Its constructor reads alwaysValid.
func (b *backend) buildValidator(o Options) error {
	building.Lock()
	defer building.Unlock()
	if o.SkipValidation {
		if err := os.Setenv(alwaysValid, "1"); err != nil {
			return fmt.Errorf("set %s=1: %w", alwaysValid, err)
		}
		defer os.Unsetenv(alwaysValid)
	}
	b.validator = va.New(b.log, o.HTTPPort, o.TLSPort, false, o.Resolver, b.signed)
	return nil
}

// openFrontend makes a frontend that keeps its data in store.
func (b *backend) openFrontend(store *db.MemoryStore) error {
	if e := b.external; e != nil {
		key := base64.RawURLEncoding.EncodeToString(e.Key)
		if err := store.AddExternalAccountKeyByID(e.KeyID, key); err != nil {
			return fmt.Errorf("add external account %q: %w", e.KeyID, err)
		}
	}
	// The last two arguments switch Pebble's Retry-After headers off, because
	// Pebble writes them as a number or a date at random.
	caaIdentities := []string{"pebble.letsencrypt.org"}
	f := wfe.New(b.log, store, b.validator, b.issuer, caaIdentities, false, b.external != nil, 0, 0)
	b.frontend.Store(&frontend{store: store, handler: f.Handler()})
	return nil
}

// resetFrontend makes a frontend without accounts, orders and nonces.
func (b *backend) resetFrontend() error { return b.openFrontend(db.NewMemoryStore()) }

// copyToFrontend copies a certificate to the frontend's store. The issuer stores
// certificates where it did from the beginning, which is another store after
// resetFrontend.
func (b *backend) copyToFrontend(serial string) {
	cert := b.signed.GetCertificateByID(serial)
	if store := b.frontend.Load().store; cert != nil && store != b.signed {
		_, _ = store.AddCertificate(cert) // fails only if the certificate is there already
	}
}
