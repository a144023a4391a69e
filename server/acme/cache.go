package acme

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/crypto/acme/autocert"
)

// cache is autocert's directory of certificates, keys and tokens. It takes for missing what is there but damaged, so
// that the manager replaces it: left to itself, the manager fails at some kinds of damage for ever. And it logs what
// cannot be written: the manager serves a new certificate that it could not store, and says nothing.
type cache struct {
	autocert.DirCache
	log *log.Logger
}

const accountKey = "acme_account" // begins the manager's names for it, the present one and an old one

// Get implements [autocert.Cache]. An entry that cannot be read at the moment, for lack of permission say, is an error
// and not missing: it may be good, and the CA's limits are tight.
func (c cache) Get(ctx context.Context, name string) ([]byte, error) {
	data, err := c.DirCache.Get(ctx, name)
	if err == nil {
		err = damage(name, data)
	} else if !errors.Is(err, syscall.EISDIR) {
		return nil, err
	}
	if err != nil {
		c.log.Printf("warning: acme: %s is damaged and will be replaced: %v", c.path(name), err)
		return nil, autocert.ErrCacheMiss
	}
	return data, nil
}

// Put implements [autocert.Cache].
func (c cache) Put(ctx context.Context, name string, data []byte) error {
	if info, err := os.Lstat(c.path(name)); err == nil && info.IsDir() {
		_ = os.Remove(c.path(name)) // if it is empty; if not, what follows fails and says so
	}
	err := c.DirCache.Put(ctx, name, data)
	if err != nil {
		c.log.Printf("warning: acme: cannot store %s, it will be lost when the server stops: %v", c.path(name), err)
	}
	return err
}

func (c cache) path(name string) string { return filepath.Join(string(c.DirCache), name) }

// damage says what is wrong with an entry as such. Names and dates are the manager's to judge.
func damage(name string, data []byte) error {
	switch {
	case strings.HasSuffix(name, "+http-01"):
		return nil // a token: any text
	case strings.HasPrefix(name, accountKey):
		return keyDamage(data)
	}
	_, err := tls.X509KeyPair(data, data)
	return err
}

func keyDamage(data []byte) error {
	block, _ := pem.Decode(data)
	if block == nil {
		return errors.New("there is no PEM block in it")
	}
	if _, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		return nil
	}
	if _, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return nil
	}
	_, err := x509.ParseECPrivateKey(block.Bytes)
	return err
}
