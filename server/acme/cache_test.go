package acme

import (
	"errors"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/acme/autocert"

	"assay/fixtures/pki"
)

func TestDamagedEntriesAreMissing(t *testing.T) {
	t.Parallel()
	one, other := identity(t), identity(t)
	entry := keyText(t, one) + string(one.ChainPEM())
	for name, test := range map[string]struct {
		entry, text string
		missing     bool
	}{
		"certificate":       {"a.test", entry, false},
		"RSA certificate":   {"a.test+rsa", entry, false},
		"empty":             {"a.test", "", true},
		"garbage":           {"a.test", "garbage", true},
		"another's key":     {"a.test", keyText(t, other) + string(one.ChainPEM()), true},
		"challenge":         {"a.test+token", "garbage", true},
		"HTTP-01 token":     {"token+http-01", "any text", false},
		"account key":       {"acme_account+key", keyText(t, one), false},
		"old account key":   {"acme_account.key", keyText(t, one), false},
		"empty account key": {"acme_account+key", "", true},
		"no key in the PEM": {
			"acme_account+key",
			"-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n", true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, logged := newCache(t)
			if err := os.WriteFile(c.path(test.entry), []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			data, err := c.Get(t.Context(), test.entry)
			if test.missing {
				if !isMiss(err) || !strings.Contains(logged.String(), c.path(test.entry)) {
					t.Errorf("got %v, logged %q; want a miss, and a line that names the file", err, logged)
				}
				return
			}
			if err != nil || string(data) != test.text || logged.Len() > 0 {
				t.Errorf("got %q, %v, logged %q", data, err, logged)
			}
		})
	}
}

// isMiss reports whether autocert takes an error for a miss. autocert does not unwrap
// errors.
func isMiss(err error) bool {
	return err == autocert.ErrCacheMiss //nolint:errorlint // compares as autocert does
}

func TestDirectoryInAnEntrysPlace(t *testing.T) {
	t.Parallel()
	c, _ := newCache(t)
	if err := os.Mkdir(c.path("a.test"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(t.Context(), "a.test"); !isMiss(err) {
		t.Errorf("got %v, want a miss", err)
	}
	if err := c.Put(t.Context(), "a.test", []byte("x")); err != nil {
		t.Error(err)
	}
}

func TestUnreadableEntryIsAnError(t *testing.T) {
	t.Parallel()
	c, _ := newCache(t)
	file := filepath.Join(string(c.DirCache), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c.DirCache = autocert.DirCache(filepath.Join(file, "below"))
	if _, err := c.Get(t.Context(), "a.test"); err == nil || errors.Is(err, autocert.ErrCacheMiss) {
		t.Errorf("reading gave %v, want the error as it is", err)
	}
}

// A client chooses the name of a token: it must learn nothing about the cache.
func TestTokensThatCannotBeReadAreMissing(t *testing.T) {
	t.Parallel()
	c, logged := newCache(t)
	if err := os.Mkdir(c.path("dir+http-01"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{"dir", strings.Repeat("x", 1000), "a\x00b", "\n"} {
		if _, err := c.Get(t.Context(), token+"+http-01"); !isMiss(err) {
			t.Errorf("%.20q: got %v, want a miss", token, err)
		}
	}
	if logged.Len() > 0 {
		t.Errorf("logged %s", logged)
	}
}

func newCache(t *testing.T) (cache, *strings.Builder) {
	t.Helper()
	logged := &strings.Builder{}
	return cache{autocert.DirCache(t.TempDir()), log.New(logged, "", 0)}, logged
}

// identity mints a certificate for a.test with one intermediate.
func identity(t *testing.T) *pki.Identity {
	t.Helper()
	i, err := pki.New(pki.Spec{Names: []string{"a.test"}, Intermediates: 1})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func keyText(t *testing.T, i *pki.Identity) string {
	t.Helper()
	key, err := i.KeyPEM(pki.PKCS8)
	if err != nil {
		t.Fatal(err)
	}
	return string(key)
}
