// Package evidence holds what a report shows of a spec's connections: the
// handshakes of the suite's clients with the certificates that the target sent.
package evidence

import (
	"crypto/tls"
	"crypto/x509"
	"strings"
	"sync"
	"time"

	"assay/suite/internal/wire"
	"assay/suite/report"
)

// most is the number of handshakes that are kept; see [Handshakes.drop].
const most = 40

// Handshakes collects the handshakes of a spec's clients. Its methods can be called
// by any goroutine.
type Handshakes struct {
	mu   sync.Mutex
	seen []handshake
}

type handshake struct {
	at    time.Time
	shown report.Handshake // without the chain and the time
	chain []*x509.Certificate
	kind  string // equal for handshakes that differ in nothing but the time
}

// Add adds a handshake that has ended.
func (s *Handshakes) Add(h *wire.Handshake) {
	x := handshake{
		at:    h.Began,
		shown: report.Handshake{Address: h.Client.Address, ServerName: h.Client.ServerName},
		chain: h.Chain,
	}
	same := ""
	if h.Err != nil {
		x.shown.Error = h.Err.Error()
		same = x.shown.Error
		if h.Local != "" { // the client's port is another one each time
			same = strings.ReplaceAll(same, h.Local, "")
		}
	} else {
		x.shown.Protocol = protocol(h.State)
	}
	parts := []string{x.shown.Address, x.shown.ServerName, x.shown.Protocol, same}
	for _, cert := range x.chain {
		parts = append(parts, string(cert.Signature))
	}
	x.kind = strings.Join(parts, "\x00")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, x)
	if len(s.seen) > most {
		s.drop()
	}
}

// drop removes the oldest handshake that stands between two of its kind, so that
// the first and the last of each kind stay. If there is none, drop removes the
// second one.
func (s *Handshakes) drop() {
	gone := 1
	for i := 1; i < len(s.seen)-1; i++ {
		if s.seen[i].kind == s.seen[i-1].kind && s.seen[i].kind == s.seen[i+1].kind {
			gone = i
			break
		}
	}
	s.seen = append(s.seen[:gone], s.seen[gone+1:]...)
}

// Since returns the handshakes in the order in which they ended, with times that
// count from the beginning of the spec.
func (s *Handshakes) Since(began time.Time) []report.Handshake {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []report.Handshake
	for _, x := range s.seen {
		shown := x.shown
		shown.TMS = x.at.Sub(began).Milliseconds()
		shown.Chain = certificates(x.chain)
		all = append(all, shown)
	}
	return all
}

// protocol returns what a handshake negotiated, in words.
func protocol(state tls.ConnectionState) string {
	words := []string{tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite)}
	if state.NegotiatedProtocol != "" {
		words = append(words, state.NegotiatedProtocol)
	}
	return strings.Join(words, " · ")
}
