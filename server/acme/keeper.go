package acme

import (
	"crypto/tls"
	"log"
	"net/http"
	"sync"
	"time"

	"assay/server/config"
)

// Keeper serves the certificate of a source, and takes a fresh source when that
// has expired. The manager renews by a timer, which stands still while a machine
// sleeps, and serves the certificate that it has until then. A fresh manager
// looks at the dates at its first handshake.
type Keeper struct {
	fresh func() *Source

	mu     sync.Mutex
	source *Source
	// answering makes the handler for challenges of a source; nil if there is none.
	answering  func(*Source) http.Handler
	challenges http.Handler // of the source
}

// NewKeeper prepares a keeper. It neither touches the network nor writes a file.
func NewKeeper(cfg *config.Config, logger *log.Logger) *Keeper {
	fresh := func() *Source { return NewSource(cfg, logger) }
	return &Keeper{fresh: fresh, source: fresh()}
}

// GetCertificate implements the hook of [tls.Config].
func (k *Keeper) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	hello = withSuites(hello)
	present := k.present()
	cert, err := present.GetCertificate(hello)
	if err != nil || cert.Leaf == nil || time.Now().Before(cert.Leaf.NotAfter) {
		return cert, err
	}
	return k.replace(present).GetCertificate(hello)
}

// Current returns the certificate that was served last, see [Source.Current].
func (k *Keeper) Current() *tls.Certificate { return k.present().Current() }

// Protocols lists what is offered by ALPN, see [Source.Protocols].
func (k *Keeper) Protocols() []string { return k.present().Protocols() }

// ChallengeHandler answers as [Source.ChallengeHandler] does.
func (k *Keeper) ChallengeHandler(cfg *config.Config) http.Handler {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.answering = func(s *Source) http.Handler { return s.ChallengeHandler(cfg) }
	k.challenges = k.answering(k.source)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k.mu.Lock()
		challenges := k.challenges
		k.mu.Unlock()
		challenges.ServeHTTP(w, r)
	})
}

func (k *Keeper) present() *Source {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.source
}

// replace puts a fresh source in the place of an old one, unless that has
// happened already.
func (k *Keeper) replace(old *Source) *Source {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.source == old {
		k.source = k.fresh()
		if k.answering != nil {
			k.challenges = k.answering(k.source)
		}
	}
	return k.source
}
