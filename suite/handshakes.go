package suite

import (
	"crypto/tls"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"assay/suite/internal/wire"
)

// handshakes is how the handshakes of a spec ended, each way once: those that
// completed by what was agreed on and served, those refused by their alert.
type handshakes struct {
	mu        sync.Mutex
	completed map[string]bool
	refused   map[string]bool
}

func (r *handshakes) add(h *wire.Handshake) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if alert, refused := h.Alert(); refused {
		put(&r.refused, fmt.Sprintf("%d %s", uint8(alert), strings.TrimPrefix(alert.Error(), "tls: ")))
	} else if h.Err == nil && h.Leaf() != nil {
		words := []string{tls.VersionName(h.State.Version), h.Leaf().PublicKeyAlgorithm.String(), fmt.Sprintf("chain of %d", len(h.Chain))}
		if protocol := h.State.NegotiatedProtocol; protocol != "" {
			words = append(words, protocol)
		}
		put(&r.completed, strings.Join(words, ", "))
	}
}

func put(set *map[string]bool, text string) {
	if *set == nil {
		*set = map[string]bool{}
	}
	(*set)[text] = true
}

// all returns the ways in order.
func (r *handshakes) all() (completed, refused []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.completed)), slices.Sorted(maps.Keys(r.refused))
}
