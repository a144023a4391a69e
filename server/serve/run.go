package serve

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// drain is the time that open requests have after the server was asked to stop.
const drain = 2 * time.Second

// Run answers on all listeners until the context ends. Then it frees the ports
// at once, answers the requests that are under way, closes all connections
// after a short time, and returns nil. It returns an error only if a listener
// fails before.
func (s *Servers) Run(ctx context.Context) error {
	failed := make(chan error, len(s.servers))
	for i, server := range s.servers {
		go func() { failed <- serveOn(server, s.listeners[i]) }()
	}
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	s.stop()
	return err
}

// serveOn blocks until the server is shut down, and returns nil then.
func serveOn(server *http.Server, listener net.Listener) error {
	var err error
	if server.TLSConfig != nil {
		err = server.ServeTLS(listener, "", "")
	} else {
		err = server.Serve(listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (s *Servers) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	var all sync.WaitGroup
	for _, server := range s.servers {
		all.Go(func() {
			if server.Shutdown(ctx) != nil {
				server.Close() // half-open connections and clients that never finish
			}
		})
	}
	all.Wait()
	for _, listener := range s.listeners {
		// A server that was stopped before it began to serve does not close its
		// listener.
		listener.Close()
	}
}
