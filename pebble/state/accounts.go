package state

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/letsencrypt/pebble/v2/core"
	"github.com/letsencrypt/pebble/v2/db"
)

// KeepAccount keeps an account in a directory.
func KeepAccount(dir string, account *core.Account) error {
	return keep(filepath.Join(dir, ofAccounts), account.ID, account)
}

// addAccount adds an account with its number. A store gives each account that is added a
// number of its own choice. But when an account's key changes, it files the account under the
// number that the account then has.
func addAccount(store *db.MemoryStore, id string, text []byte) error {
	account := &core.Account{}
	if err := json.Unmarshal(text, account); err != nil {
		return fmt.Errorf("%w, expected an account", err)
	}
	key := account.Key
	if key == nil || !key.Valid() || !key.IsPublic() || account.Status == "" {
		return errors.New("expected an account with a status and a public key")
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	first := *key
	first.Key = other.Public()
	account.Key = &first
	if _, err := store.AddAccount(account); err != nil {
		return err
	}
	account.ID = id
	return store.ChangeAccountKey(account, key)
}
