package acme

import (
	"bytes"
	"context"
	"log"
	"maps"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme/autocert"
)

// The time between two attempts to store what could not be stored begins with
// storeAgain and doubles up to storeAgainAtMost.
const (
	storeAgain       = time.Minute
	storeAgainAtMost = 16 * time.Minute
)

// retaining is a cache that never fails to take an entry. What the cache below
// it cannot store stays in memory, is read from there, and is stored as soon as
// the cache below can be written again. Without it, the manager discards a
// renewed certificate that it cannot store, and orders another one at its next
// attempt.
//
// Memory is bounded: the manager stores the account key and the certificates of
// one host name under fixed names. Challenge responses, whose names change, are
// not kept here, because the manager has them in memory itself.
type retaining struct {
	stored autocert.Cache
	dir    string // the directory of the cache below, for messages
	log    *log.Logger

	// writing is held while the cache below is changed, so that an old entry
	// never replaces a new one.
	writing sync.Mutex

	mu      sync.Mutex
	kept    map[string][]byte // entries that the cache below does not hold, by name
	failing map[string]bool   // by subject: the last attempt to store it failed
	wait    time.Duration     // of the timer that runs; zero if none does
}

func newRetaining(stored autocert.Cache, dir string, logger *log.Logger) *retaining {
	return &retaining{
		stored: stored, dir: dir, log: logger,
		kept: map[string][]byte{}, failing: map[string]bool{},
	}
}

// Get implements [autocert.Cache].
func (c *retaining) Get(ctx context.Context, name string) ([]byte, error) {
	c.mu.Lock()
	data, found := c.kept[name]
	c.mu.Unlock()
	if found {
		return bytes.Clone(data), nil
	}
	return c.stored.Get(ctx, name)
}

// Put implements [autocert.Cache]. It returns no error: an entry that cannot be
// stored can be used nevertheless.
func (c *retaining) Put(ctx context.Context, name string, data []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	err := c.stored.Put(ctx, name, data)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		delete(c.kept, name)
		c.succeeded(name)
		return nil
	}
	subject := subjectOf(name)
	isNew := subject != challengeResponse && !bytes.Equal(c.kept[name], data)
	if isNew || !c.failing[subject] {
		c.log.Printf("warning: acme: cannot store %s: %v; %s",
			filepath.Join(c.dir, name), err, consequence(name))
	}
	c.failing[subject] = true
	if subject != challengeResponse {
		c.kept[name] = bytes.Clone(data)
		if c.wait == 0 {
			c.retryAfter(storeAgain)
		}
	}
	return nil
}

// Delete implements [autocert.Cache].
func (c *retaining) Delete(ctx context.Context, name string) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.mu.Lock()
	delete(c.kept, name)
	c.mu.Unlock()
	return c.stored.Delete(ctx, name)
}

// succeeded notes that an entry was stored, and logs it if the last attempt had
// failed. The caller holds mu.
func (c *retaining) succeeded(name string) {
	subject := subjectOf(name)
	if !c.failing[subject] {
		return
	}
	delete(c.failing, subject)
	if subject != challengeResponse {
		c.log.Printf("acme: %s is stored now", filepath.Join(c.dir, name))
	}
}

// retryAfter starts the timer. The caller holds mu.
func (c *retaining) retryAfter(wait time.Duration) {
	c.wait = wait
	time.AfterFunc(wait, c.retry)
}

// retry tries to store everything that is kept, and says nothing if that fails
// again.
func (c *retaining) retry() {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.mu.Lock()
	kept := maps.Clone(c.kept)
	c.mu.Unlock()

	ctx, cancel := context.WithTimeout(context.Background(), storeAgain)
	defer cancel()
	for name, data := range kept {
		if c.stored.Put(ctx, name, data) != nil {
			continue
		}
		c.mu.Lock()
		delete(c.kept, name)
		c.succeeded(name)
		c.mu.Unlock()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.kept) == 0 {
		c.wait = 0
		return
	}
	c.retryAfter(min(2*c.wait, storeAgainAtMost))
}

// challengeResponse is the subject of all challenge responses together.
const challengeResponse = "challenge response"

// subjectOf returns what a name of the manager's stands for: the name itself, or
// [challengeResponse].
func subjectOf(name string) string {
	if strings.HasSuffix(name, "+token") || strings.HasSuffix(name, "+http-01") {
		return challengeResponse
	}
	return name
}

// consequence says what happens to an entry that cannot be stored.
func consequence(name string) string {
	switch {
	case subjectOf(name) == challengeResponse:
		return "the challenge is answered from memory"
	case strings.HasPrefix(name, accountKey):
		return "the account key is kept in memory; if it cannot be stored before the server " +
			"stops, the next start registers another account"
	}
	return "the certificate is served from memory; if it cannot be stored before the server " +
		"stops, the next start orders another one"
}
