package certificate

import (
	"testing"
	"time"

	"assay/fixtures/pki"
)

const (
	day     = 24 * time.Hour
	expired = pki.DefaultLifetime + day // the age of a certificate that has expired
	future  = -day                      // the age of one that is not valid yet
)

// mint makes a certificate for one name, which is its common name too.
func mint(t *testing.T, name string, spec pki.Spec) *pki.Identity {
	t.Helper()
	spec.Names, spec.CommonName = []string{name}, name
	identity, err := pki.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

// selfSignedFor makes a self-signed certificate of an age.
func selfSignedFor(t *testing.T, name string, age time.Duration) *pki.Identity {
	t.Helper()
	return mint(t, name, pki.Spec{SelfSigned: true, Age: age})
}

func keyPEM(t *testing.T, identity *pki.Identity) []byte {
	t.Helper()
	key, err := identity.KeyPEM(pki.PKCS8)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
