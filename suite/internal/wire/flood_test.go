package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"assay/fixtures/pki"
)

// flooded starts a server whose headers have at most this size.
func flooded(t *testing.T, largest int) Flood {
	t.Helper()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.MaxHeaderBytes = largest
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	return Flood{
		Dial:       new(net.Dialer).DialContext,
		Address:    server.Listener.Addr().String(),
		ServerName: "a.test",
	}
}

func TestEndlessHeader(t *testing.T) {
	const limit = 48 << 20 // more than the buffers of a connection hold
	strict, lax := flooded(t, 64<<10), flooded(t, 1<<30)
	for _, kind := range []string{"target", "field", "fields", "continuation"} {
		taken, err := strict.Header(t.Context(), kind, limit)
		if err != nil || taken >= limit {
			t.Errorf("%s: a strict server took %d bytes, %v, expected fewer than %d",
				kind, taken, err, limit)
		}
		taken, err = lax.Header(t.Context(), kind, limit)
		if err != nil || taken < limit {
			t.Errorf("%s: a lax server took %d bytes, %v, expected %d", kind, taken, err, limit)
		}
	}
	if _, err := strict.Header(t.Context(), "body", limit); err == nil {
		t.Error("body: found no error")
	}
}

// A server that reads nothing takes what the buffers of the connection hold.
func TestEndlessHeaderUnread(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	flood := Flood{
		Dial: new(net.Dialer).DialContext, Address: listener.Addr().String(), ServerName: "a.test",
		Plain: true,
	}
	if taken, err := flood.Header(ctx, "field", 1<<40); err != nil || taken == 0 || taken > 256<<20 {
		t.Errorf("found %d bytes, %v, expected the size of the buffers", taken, err)
	}
}

// Cancelled requests end with the connection, because the server has had enough, or
// when all are sent.
func TestCancel(t *testing.T) {
	flood := flooded(t, 64<<10)
	if err := flood.Cancel(t.Context(), 10_000); err != nil {
		t.Error(err)
	}
	without := serve(t, identity(t, pki.Spec{}), func(c *tls.Config) {
		c.NextProtos = []string{"http/1.1"}
	})
	flood.Address = without.Address
	if err := flood.Cancel(t.Context(), 1); !errors.Is(err, ErrNoHTTP2) {
		t.Errorf("found %v, expected %v", err, ErrNoHTTP2)
	}
}
