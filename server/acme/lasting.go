package acme

import (
	"sync"
	"time"
)

// lasting tells a failure that lasts from one that passes. Its zero value is ready for use.
type lasting struct {
	mu     sync.Mutex
	since  time.Time // when the failures began; zero if the last thing asked for succeeded
	logged time.Time
}

// failed notes a failure and reports whether it should be logged now.
func (l *lasting) failed(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.since.IsZero() {
		l.since = now
	}
	if now.Sub(l.since) < patience || now.Sub(l.logged) < reminder {
		return false
	}
	l.logged = now
	return true
}

// succeeded notes that the CA works.
func (l *lasting) succeeded() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.since = time.Time{}
}
