package acme

import (
	"slices"
	"sync"
)

// recent remembers the last few texts of a kind, so that each can be logged
// once. Its zero value is ready for use.
type recent struct {
	mu   sync.Mutex
	last [8]string
	next int
}

// add remembers a text and reports whether it is new.
func (r *recent) add(text string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.Contains(r.last[:], text) {
		return false
	}
	r.last[r.next] = text
	r.next = (r.next + 1) % len(r.last)
	return true
}
