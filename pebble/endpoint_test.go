package pebble

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A handler that hangs, as Pebble's can, is named, and keeps nobody.
func TestEndpointThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	cert, root, err := endpointCertificate("127.0.0.1")
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
	p := serve(listener, hangs, cert, new(atomic.Bool), newJournal())
	p.grace = 50 * time.Millisecond

	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(root)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer client.CloseIdleConnections()
	go client.Get("https://" + listener.Addr().String() + "/my-order/1")
	<-asked
	if err := p.close(); err == nil || !strings.Contains(err.Error(), "no answer to GET /my-order/1") {
		t.Errorf("error %v, expected one that names the request without an answer", err)
	}
}
