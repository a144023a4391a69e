package pebble

import "sync"

// A script is what was injected, and how far it has come.
type script struct {
	mu   sync.Mutex
	acts []*act
}

type act struct {
	Fault
	seen int
}

func (s *script) add(faults []Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		s.acts = append(s.acts, &act{Fault: f})
	}
}

// next counts a request and returns the fault that befalls it. All that were
// waiting for the kind count it; the first that is due fires.
func (s *script) next(kind Kind) (due *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.acts {
		if a.kind != kind && a.kind != KindAny {
			continue
		}
		a.seen++
		if due == nil && (a.seen == a.nth || a.persistent && a.seen > a.nth) {
			due = &a.Fault
		}
	}
	return due
}

// clear takes every fault away.
func (s *script) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acts = nil
}
