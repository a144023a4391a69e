package acme

import (
	"slices"
	"sync"
)

// told remembers the last few texts of a kind, to log each once. Its zero value is ready for use.
type told struct {
	mu   sync.Mutex
	last [8]string
	next int
}

// first reports whether a text is new, and remembers it.
func (t *told) first(text string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if slices.Contains(t.last[:], text) {
		return false
	}
	t.last[t.next] = text
	t.next = (t.next + 1) % len(t.last)
	return true
}
