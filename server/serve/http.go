package serve

import (
	"log"
	"net/http"
	"time"
)

// Bounds on a single client. net/http bounds the TLS handshake by the shortest of them too, and the first handshake
// waits for the CA, so they are generous; a peer that says nothing costs a goroutine and delays nobody.
const (
	headerTimeout  = time.Minute
	requestTimeout = 2 * time.Minute
	answerTimeout  = 2 * time.Minute
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 64 << 10
)

// newServer prepares the HTTP server of an endpoint. The library's messages, handshake errors among them, go to
// the log as they are.
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
