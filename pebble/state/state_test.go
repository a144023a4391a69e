package state

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/letsencrypt/pebble/v2/acme"
	"github.com/letsencrypt/pebble/v2/core"
	"github.com/letsencrypt/pebble/v2/db"
)

// newAccount returns an account with a new key.
func newAccount(t *testing.T, contact string) *core.Account {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	encode, half := base64.RawURLEncoding.EncodeToString, len(point)/2
	account := &core.Account{}
	err = json.Unmarshal(fmt.Appendf(nil,
		`{"status": "valid", "contact": [%q], "key": {"kty": "EC", "crv": "P-256", "x": %q, "y": %q}}`,
		contact, encode(point[1:half+1]), encode(point[half+1:])), account)
	if err != nil {
		t.Fatal(err)
	}
	return account
}

// TestAccountsLiveOn keeps accounts, one of which is given up and one of which changes its
// key, and restores them into another store.
func TestAccountsLiveOn(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	before := db.NewMemoryStore()
	if err := Restore(dir, before); err != nil {
		t.Fatalf("without a directory: %v", err)
	}
	var all []*core.Account
	for _, contact := range []string{"mailto:a@example.test", "mailto:b@example.test"} {
		account := newAccount(t, contact)
		if _, err := before.AddAccount(account); err != nil {
			t.Fatal(err)
		}
		if err := KeepAccount(dir, account); err != nil {
			t.Fatal(err)
		}
		all = append(all, account)
	}
	all[0].Status = acme.StatusDeactivated
	if err := before.ChangeAccountKey(all[1], newAccount(t, "").Key); err != nil {
		t.Fatal(err)
	}
	for _, account := range all {
		if err := KeepAccount(dir, account); err != nil {
			t.Fatal(err)
		}
	}
	after := db.NewMemoryStore()
	if err := Restore(dir, after); err != nil {
		t.Fatal(err)
	}
	for _, want := range all {
		byID := after.GetAccountByID(want.ID)
		byKey, err := after.GetAccountByKey(want.Key)
		if err != nil || byID == nil || byID != byKey {
			t.Fatalf("account %s: found %v by number and %v by key, %v", want.ID, byID, byKey, err)
		}
		if byID.ID != want.ID || byID.Status != want.Status || byID.Contact[0] != want.Contact[0] {
			t.Errorf("found %+v, expected %+v", byID, want)
		}
	}
}

// TestCertificatesLiveOn keeps a certificate with its order, and restores it.
func TestCertificatesLiveOn(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(31), DNSNames: []string{"a.example.test"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	names := []acme.Identifier{{Type: acme.IdentifierDNS, Value: "a.example.test"}}
	order := &core.Order{Order: acme.Order{Identifiers: names}, AccountID: "7"}
	dir := t.TempDir()
	if err := KeepCertificate(dir, &core.Certificate{ID: "1f", DER: der}, order); err != nil {
		t.Fatal(err)
	}
	store := db.NewMemoryStore()
	if err := Restore(dir, store); err != nil {
		t.Fatal(err)
	}
	cert := store.GetCertificateBySerial(template.SerialNumber)
	if cert == nil || cert.AccountID != "7" {
		t.Errorf("found the certificate %+v, expected one of the account 7", cert)
	}
	after, err := store.GetOrderByIssuedSerial("1f")
	if err != nil || after.AccountID != "7" || !slices.Equal(after.Identifiers, names) {
		t.Errorf("found the order %+v, %v, expected one of the account 7 for %v", after, err, names)
	}
	if err := Forget(dir); err != nil {
		t.Fatal(err)
	}
	store = db.NewMemoryStore()
	if err := Restore(dir, store); err != nil || store.GetCertificateByID("1f") != nil {
		t.Errorf("the certificate is not forgotten (%v)", err)
	}
}

// TestDamagedFiles checks that files which hold nothing of use are named.
func TestDamagedFiles(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "x", "{}", `{"status": "valid"}`, `{"status": "valid", "key": {}}`, "null",
		`{"status": "valid", "key": {"kty": "oct", "k": "c2VjcmV0"}}`, `{"der": "AAAA"}`,
	} {
		for _, kind := range []string{ofAccounts, ofCertificates} {
			dir := t.TempDir()
			file := filepath.Join(dir, kind, "1f.json")
			err := errors.Join(os.Mkdir(filepath.Dir(file), 0o700),
				os.WriteFile(file, []byte(text), 0o600))
			if err != nil {
				t.Fatal(err)
			}
			if err = Restore(dir, db.NewMemoryStore()); err == nil || !strings.Contains(err.Error(), file) {
				t.Errorf("%q: %v, expected an error that names %s", text, err, file)
			}
		}
	}
}
