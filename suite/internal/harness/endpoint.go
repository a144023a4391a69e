package harness

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net/http"
	"sync"

	"github.com/onsi/ginkgo/v2"

	"assay/fixtures/pki"
)

// pebbleDirectory is the path of Pebble's directory.
const pebbleDirectory = "/dir"

// discardLog takes what net/http says of handshakes that fail on purpose.
var discardLog = log.New(io.Discard, "", 0)

// CAEndpoint is a further HTTPS endpoint of the spec's CA, with a certificate
// that the spec chooses.
type CAEndpoint struct {
	mu       sync.Mutex
	names    []string
	requests []string
}

// ServeCA makes the spec's CA answer at a further address of the spec's world,
// with this identity. The CA's directory is at the path directory there, and also
// at the path that Pebble gives it.
func (e *Env) ServeCA(address string, id *pki.Identity, directory string) *CAEndpoint {
	ginkgo.GinkgoHelper()
	key, err := id.KeyFile(pki.None)
	e.Must(err)
	pair, err := tls.X509KeyPair(id.ChainPEM(), key)
	e.Must(err)
	listener, err := e.World.Listen("tcp", address)
	e.Must(err)
	endpoint := &CAEndpoint{}
	ca := e.CA().Handler()
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			endpoint.add(&endpoint.requests, r.Method+" "+r.URL.Path)
			if r.URL.Path == directory {
				r.URL.Path = pebbleDirectory
			}
			ca.ServeHTTP(w, r)
		}),
		ErrorLog: discardLog,
		TLSConfig: &tls.Config{GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
			endpoint.add(&endpoint.names, h.ServerName)
			return &pair, nil
		}},
	}
	ended := make(chan error, 1)
	go func() { ended <- server.ServeTLS(listener, "", "") }()
	e.Closers = append(e.Closers, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), Limits.CA)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			server.Close() // the target holds a connection open
		}
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	return endpoint
}

func (c *CAEndpoint) add(to *[]string, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*to = append(*to, text)
}

// Names returns the server names (SNI) of the handshakes that clients have begun
// with the endpoint, in order.
func (c *CAEndpoint) Names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string{}, c.names...)
}

// Requests returns the method and path of every request that reached the
// endpoint, in order.
func (c *CAEndpoint) Requests() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string{}, c.requests...)
}
