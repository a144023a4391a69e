package pebble

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"
	"time"
)

// If a handler hangs, as Pebble's can, close returns nevertheless and names the request.
func TestEndpointThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	client, cert := clientAndCertificate(t)
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

	client.Transport.(*http.Transport).ForceAttemptHTTP2 = false // close waits for HTTP/1.1 only
	go client.Get("https://" + listener.Addr().String() + "/my-order/1")
	<-asked
	if err := p.close(); err == nil || !strings.Contains(err.Error(), "no answer to GET /my-order/1") {
		t.Errorf("error %v, expected one that names the request without an answer", err)
	}
}

// A panic is not mistaken for a connection that the CA of the real world would close.
func TestCloseTellsOfAPanic(t *testing.T) {
	t.Parallel()
	client, cert := clientAndCertificate(t)
	panics := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/dropped" {
			panic(http.ErrAbortHandler)
		}
		panic("a mistake")
	})
	tells := map[string]string{"/dropped": "", "/dir": "panicked at GET /dir: a mistake"}
	for path, want := range tells {
		listener := listen(t)
		p := newEndpoint(panics, cert, newJournal(nil))
		p.serve(listener)
		if _, err := client.Get("https://" + listener.Addr().String() + path); err == nil {
			t.Errorf("%s: there was an answer", path)
		}
		err := p.close()
		if (err != nil) != (want != "") || want != "" && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, expected %q", path, err, want)
		}
	}
}

// clientAndCertificate returns the certificate of an endpoint at 127.0.0.1, and a client that
// trusts it.
func clientAndCertificate(t *testing.T) (*http.Client, *tls.Certificate) {
	t.Helper()
	root, err := newEndpointRoot(Options{})
	if err != nil {
		t.Fatal(err)
	}
	cert, err := root.issue([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	return clientTrusting(t, root.PEM()), cert
}
