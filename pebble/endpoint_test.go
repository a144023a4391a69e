package pebble

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// If a handler hangs, as Pebble's can, close returns nevertheless and names the request.
func TestEndpointThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	root, err := newEndpointRoot(Options{})
	if err != nil {
		t.Fatal(err)
	}
	cert, err := root.issue([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	asked, free := make(chan struct{}), make(chan struct{})
	defer close(free)
	hangs := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(asked)
		<-free
	})
	listener := listen(t)
	p := newEndpoint(hangs, cert, newJournal(nil))
	p.serve(listener)
	p.timeout = 50 * time.Millisecond

	client := clientTrusting(t, root.PEM())
	client.Transport.(*http.Transport).ForceAttemptHTTP2 = false // close waits for HTTP/1.1 only
	go client.Get("https://" + listener.Addr().String() + "/my-order/1")
	<-asked
	if err := p.close(); err == nil || !strings.Contains(err.Error(), "no answer to GET /my-order/1") {
		t.Errorf("error %v, expected one that names the request without an answer", err)
	}
}
