// Package serve runs the listeners: that of the site and, for HTTP-01, that of
// the challenges.
package serve

import (
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
)

// Endpoint is one address with the handler that answers there.
type Endpoint struct {
	Place   string // where the configuration names the address, for messages
	Address string // host:port
	Source  Source // nil for plain HTTP
	Handler http.Handler
}

func (e Endpoint) scheme() string {
	if e.Source == nil {
		return "http"
	}
	return "https"
}

// Servers are endpoints whose ports are open.
type Servers struct {
	log       *log.Logger
	servers   []*http.Server
	listeners []net.Listener
}

// Listen opens the ports of all endpoints, or none. Nothing is answered before
// [Servers.Run]. Its error names every address that cannot be listened on.
func Listen(logger *log.Logger, endpoints ...Endpoint) (*Servers, error) {
	s := &Servers{log: logger}
	clients := clientLog(logger)
	var problems []error
	for _, e := range endpoints {
		listener, err := net.Listen("tcp", e.Address)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: cannot listen on %q: %w", e.Place, e.Address, err))
			continue
		}
		s.listeners = append(s.listeners, listener)
		s.servers = append(s.servers, newServer(e, clients))
	}
	if len(problems) > 0 {
		for _, listener := range s.listeners {
			listener.Close()
		}
		return nil, errors.Join(problems...)
	}
	for i, listener := range s.listeners {
		logger.Printf("listening on %s (%s)", listener.Addr(), endpoints[i].scheme())
	}
	return s, nil
}
