package acme

import (
	"sync"
	"time"
)

// outage tells a failure of the CA that lasts from one that passes. Its zero
// value is ready for use.
type outage struct {
	mu     sync.Mutex
	since  time.Time // when the failures began; zero if the last request succeeded
	logged time.Time
}

// failed notes a failure and reports whether it should be logged now.
func (o *outage) failed(now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.since.IsZero() {
		o.since = now
	}
	if now.Sub(o.since) < patience || now.Sub(o.logged) < reminder {
		return false
	}
	o.logged = now
	return true
}

// succeeded notes that the CA works.
func (o *outage) succeeded() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.since = time.Time{}
}
