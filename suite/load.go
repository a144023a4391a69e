package suite

import (
	"crypto/x509"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/onsi/gomega/types"

	"assay/suite/internal/wire"
)

// Load is a steady stream of clients, each on a connection of its own.
type Load struct {
	stop    atomic.Bool
	clients sync.WaitGroup

	mu   sync.Mutex
	seen []*wire.Handshake
}

// Load lets so many clients at a time shake hands with the server, one after
// the other, until [Load.Stop].
func (s *Scenario) Load(server *Server, together int) *Load {
	l := &Load{}
	for range together {
		l.clients.Go(func() {
			for !l.stop.Load() && s.ctx.Err() == nil {
				h := s.Handshake(server)
				l.mu.Lock()
				l.seen = append(l.seen, h)
				l.mu.Unlock()
			}
		})
	}
	return l
}

// Stop ends the load and returns what its clients saw.
func (l *Load) Stop() []*wire.Handshake {
	l.stop.Store(true)
	l.clients.Wait()
	return l.seen
}

// With counts the handshakes in which this was so.
func (l *Load) With(so func(*wire.Handshake) bool) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, h := range l.seen {
		if so(h) {
			n++
		}
	}
	return n
}

// HaveSeenOnly: every client of the load was served this certificate or one
// that chains to the CA's root, and both were served to some.
func HaveSeenOnly(old, root *x509.Certificate) types.GomegaMatcher {
	return match("handshakes that all complete, the earlier ones with "+name(old)+", the later ones with a certificate of the CA", func(seen []*wire.Handshake) (bool, string) {
		before, after, stray := 0, 0, ""
		for _, h := range seen {
			switch {
			case Serves(h, old):
				before++
			case chainsTo(h, root):
				after++
			case stray == "":
				stray = ", and one with: " + describe(h)
			}
		}
		text := fmt.Sprintf("%d handshakes: %d with the old certificate, %d with one of the CA", len(seen), before, after)
		if stray != "" {
			return false, text + stray
		}
		return before > 0 && after > 0, text
	})
}

// Serves says whether a handshake completed with this certificate.
func Serves(h *wire.Handshake, leaf *x509.Certificate) bool {
	return h.Err == nil && h.Leaf() != nil && h.Leaf().Equal(leaf)
}

func chainsTo(h *wire.Handshake, root *x509.Certificate) bool {
	ok, _ := HaveFullChainTo(root).Match(h)
	return ok
}
