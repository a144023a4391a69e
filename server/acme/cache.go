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

// cache is autocert's directory of certificates, keys and tokens. It reports an
// entry that is there but damaged as missing, so that the manager replaces it.
// The manager by itself fails at some kinds of damage for ever.
type cache struct {
	autocert.DirCache
	log *log.Logger
}

// accountKey is the beginning of the manager's names for the account key, the
// present name and an old one.
const accountKey = "acme_account"

// Get implements [autocert.Cache]. An entry that cannot be read at the moment,
// for lack of permission for example, is an error and not missing: it may be
// good, and the CA's limits are tight. The response to an HTTP-01 challenge is
// missing whatever the reason is, because a client chooses its name.
func (c cache) Get(ctx context.Context, name string) ([]byte, error) {
	data, err := c.DirCache.Get(ctx, name)
	if err != nil && strings.HasSuffix(name, "+http-01") {
		return data, autocert.ErrCacheMiss
	}
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

// Put implements [autocert.Cache]. It replaces an empty directory that stands in
// the place of the entry.
func (c cache) Put(ctx context.Context, name string, data []byte) error {
	if info, err := os.Lstat(c.path(name)); err == nil && info.IsDir() {
		_ = os.Remove(c.path(name)) // if that fails, the next step fails too and reports it
	}
	return c.DirCache.Put(ctx, name, data)
}

func (c cache) path(name string) string { return filepath.Join(string(c.DirCache), name) }

// damage says what is wrong with an entry by itself. The manager judges names
// and dates.
func damage(name string, data []byte) error {
	switch {
	case strings.HasSuffix(name, "+http-01"):
		return nil // a token may be any text
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
