package certificate

import (
	"crypto/tls"
	"log"
	"sync"
	"sync/atomic"
)

// Own serves the operator's own pair for every name that a client asks for. The
// pair can be replaced while the server runs. Open connections keep the pair
// with which they began.
type Own struct {
	files   Files
	log     *log.Logger
	current atomic.Pointer[tls.Certificate]

	mu      sync.Mutex // one reload at a time
	refusal string     // why the files were refused last, empty if they were not
}

// NewOwn loads the pair for the first time. It returns the error of [Load].
func NewOwn(files Files, logger *log.Logger) (*Own, error) {
	pair, warnings, err := Load(files)
	if err != nil {
		return nil, err
	}
	o := &Own{files: files, log: logger}
	o.use(pair, warnings)
	return o, nil
}

// GetCertificate implements the hook of [tls.Config]. All clients get the same
// certificate.
func (o *Own) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return o.Current(), nil
}

// Current returns the certificate that handshakes get now.
func (o *Own) Current() *tls.Certificate { return o.current.Load() }

// Protocols lists what is offered by ALPN (RFC 7301), the preferred one first.
func (o *Own) Protocols() []string { return []string{"h2", "http/1.1"} }

func (o *Own) use(pair *tls.Certificate, warnings []string) {
	for _, w := range warnings {
		o.log.Printf("warning: %s", w)
	}
	o.current.Store(pair)
}
