// Package state keeps the accounts and certificates of a CA in a directory, so that they are
// there again after a restart: clients have their accounts, and may say which certificate a
// new one replaces (RFC 9773). Pebble itself keeps all of this in memory.
package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/letsencrypt/pebble/v2/db"
)

// The directories of the two, each with a file for each of them. Its name is the number of
// the account or the certificate with suffix.
const (
	ofAccounts     = "accounts"
	ofCertificates = "certificates"
	suffix         = ".json"
)

// Restore adds what a directory holds to a store. The directory may be empty.
func Restore(dir string, store *db.MemoryStore) error {
	return errors.Join(
		each(filepath.Join(dir, ofAccounts), func(id string, text []byte) error {
			return addAccount(store, id, text)
		}),
		each(filepath.Join(dir, ofCertificates), func(id string, text []byte) error {
			return addCertificate(store, id, text)
		}),
	)
}

// Forget removes what a directory holds.
func Forget(dir string) error {
	return errors.Join(os.RemoveAll(filepath.Join(dir, ofAccounts)),
		os.RemoveAll(filepath.Join(dir, ofCertificates)))
}

// each calls add with each number in a directory, and with what its file holds. There may be
// no directory.
func each(dir string, add func(id string, text []byte) error) error {
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, file := range files {
		id, found := strings.CutSuffix(file.Name(), suffix)
		if !found {
			continue // what a process that was killed left behind
		}
		path := filepath.Join(dir, file.Name())
		text, err := os.ReadFile(path)
		if err == nil {
			err = add(id, text)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", path, err))
		}
	}
	return errors.Join(errs...)
}

// keep writes the file of a number, whole or not at all.
func keep(dir, id string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(dir, "*.new")
	if err != nil {
		return err
	}
	_, err = temporary.Write(text)
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), filepath.Join(dir, id+suffix))
	}
	if err != nil {
		os.Remove(temporary.Name())
	}
	return err
}
