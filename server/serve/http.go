package serve

import (
	"log"
	"net/http"
	"time"
)

// Bounds on a single client. Package http also bounds the TLS handshake by the
// shortest of them, and the first handshake waits for the CA, so they are long.
// A silent client costs a goroutine and delays nobody.
const (
	headerTimeout  = time.Minute
	requestTimeout = 2 * time.Minute
	answerTimeout  = 2 * time.Minute
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 64 << 10
)

// newServer prepares the HTTP server of an endpoint. The messages of package
// http, handshake errors among them, go to the logger.
func newServer(e Endpoint, logger *log.Logger) *http.Server {
	server := &http.Server{
		Handler:           e.Handler,
		ErrorLog:          logger,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       requestTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
	}
	if e.Source != nil {
		server.TLSConfig = tlsConfig(e.Source)
	}
	return server
}
