package pebble

import "sync"

// script holds the injected faults and how many requests each has seen.
type script struct {
	mu       sync.Mutex
	injected []*injectedFault
}

type injectedFault struct {
	Fault
	seen int // requests of the fault's kind since it was injected
}

func (s *script) add(faults []Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		s.injected = append(s.injected, &injectedFault{Fault: f})
	}
}

// next counts a request and returns the fault that is due, or nil. All faults of the
// kind count the request; the first one that is due is returned.
func (s *script) next(kind Kind) (due *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.injected {
		if f.kind != kind && f.kind != KindAny {
			continue
		}
		f.seen++
		if due == nil && (f.seen == f.nth || f.persistent && f.seen > f.nth) {
			due = &f.Fault
		}
	}
	return due
}

// clear removes all faults.
func (s *script) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.injected = nil
}
