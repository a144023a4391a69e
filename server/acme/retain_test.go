package acme

import (
	"context"
	"errors"
	"fmt"
	"log"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/acme/autocert"
)

// faulty is a cache that cannot store the entries that broken accepts.
type faulty struct {
	autocert.DirCache
	err    error
	broken func(name string) bool
	mended atomic.Bool
}

// Put implements [autocert.Cache].
func (f *faulty) Put(ctx context.Context, name string, data []byte) error {
	if !f.mended.Load() && f.broken(name) {
		return f.err
	}
	return f.DirCache.Put(ctx, name, data)
}

func newFaulty(t *testing.T) (*retaining, *faulty, *safe) {
	t.Helper()
	logged := &safe{}
	stored := &faulty{DirCache: autocert.DirCache(t.TempDir()), err: syscall.ENOSPC,
		broken: func(string) bool { return true }}
	c := newRetaining(stored, string(stored.DirCache), log.New(logged, "", 0))
	return c, stored, logged
}

// size returns how many entries are kept in memory, and how many subjects fail.
func (c *retaining) size() (kept, failing int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.kept), len(c.failing)
}

func lines(logged fmt.Stringer) int { return strings.Count(logged.String(), "\n") }

// Time is virtual (testing/synctest): a sleep lets it pass and takes none.
func TestWhatCannotBeStoredIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, stored, logged := newFaulty(t)
		put := func(name, data string) {
			t.Helper()
			if err := c.Put(t.Context(), name, []byte(data)); err != nil {
				t.Fatalf("%s: got %v, want no error", name, err)
			}
		}
		put("a.test", "first")
		path := filepath.Join(string(stored.DirCache), "a.test")
		want := "warning: acme: cannot store " + path + ": no space left on device; " +
			"the certificate is served from memory"
		if !strings.HasPrefix(logged.String(), want) || lines(logged) != 1 {
			t.Errorf("logged %q, want one line that begins with %q", logged, want)
		}
		put("a.test", "first")
		pass(30 * 24 * time.Hour)
		if lines(logged) != 1 {
			t.Errorf("a month of failures gave these lines:\n%s", logged)
		}
		put("a.test", "second")
		if lines(logged) != 2 {
			t.Errorf("another certificate that is not stored gave no line:\n%s", logged)
		}
		if data, err := c.Get(t.Context(), "a.test"); err != nil || string(data) != "second" {
			t.Errorf("got %q, %v, want what was put last", data, err)
		}

		stored.mended.Store(true)
		pass(storeAgainAtMost + time.Second)
		if data, err := stored.Get(t.Context(), "a.test"); err != nil || string(data) != "second" {
			t.Errorf("stored %q, %v, want what was put last", data, err)
		}
		if !strings.HasSuffix(logged.String(), "acme: "+path+" is stored now\n") {
			t.Errorf("logged %s", logged)
		}
		if kept, failing := c.size(); kept+failing > 0 {
			t.Errorf("%d entries are kept, %d fail, want none", kept, failing)
		}
	})
}

func TestEachKindOfEntryThatCannotBeStored(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		line string
		kept bool
	}{
		"a.test":           {"the certificate is served from memory", true},
		"a.test+rsa":       {"the certificate is served from memory", true},
		"acme_account+key": {"the account key is kept in memory", true},
		"a.test+token":     {"the challenge is answered from memory", false},
		"x+http-01":        {"the challenge is answered from memory", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, stored, logged := newFaulty(t)
				stored.err = syscall.EACCES
				if err := c.Put(t.Context(), name, []byte("x")); err != nil {
					t.Error(err)
				}
				if !strings.Contains(logged.String(), want.line) {
					t.Errorf("logged %q, want %q", logged, want.line)
				}
				if _, err := c.Get(t.Context(), name); (err == nil) != want.kept {
					t.Errorf("got %v, want it kept: %v", err, want.kept)
				}
				if err := c.Delete(t.Context(), name); err != nil {
					t.Error(err)
				}
				if _, err := c.Get(t.Context(), name); !errors.Is(err, autocert.ErrCacheMiss) {
					t.Errorf("got %v, want nothing after it was deleted", err)
				}
			})
		})
	}
}

// HTTP-01 tokens have a new name at each attempt.
func TestManyTokensThatCannotBeStored(t *testing.T) {
	t.Parallel()
	c, _, logged := newFaulty(t)
	for i := range 1000 {
		name := strings.Repeat("x", i%100) + "+http-01"
		if err := c.Put(t.Context(), name, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if kept, failing := c.size(); kept+failing > 1 || lines(logged) != 1 {
		t.Errorf("%d kept, %d failing, logged:\n%s", kept, failing, logged)
	}
}
