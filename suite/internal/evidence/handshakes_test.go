package evidence

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"testing"
	"time"

	"assay/fixtures/pki"
	"assay/suite/internal/wire"
)

// TestHandshakes checks what evidence says of a handshake that completed and of
// one that failed.
func TestHandshakes(t *testing.T) {
	t.Parallel()
	id, err := pki.New(pki.Spec{Names: []string{"a.test"}, Intermediates: 1})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	client := wire.Client{Address: "127.0.0.1:443", ServerName: "a.test"}
	var seen Handshakes
	seen.Add(&wire.Handshake{
		Client: client, Began: began.Add(12 * time.Millisecond), Chain: id.Chain(),
		State: tls.ConnectionState{
			Version: tls.VersionTLS13, CipherSuite: tls.TLS_AES_128_GCM_SHA256, NegotiatedProtocol: "h2",
		},
	})
	seen.Add(&wire.Handshake{
		Client: client, Began: began.Add(20 * time.Millisecond), Err: errors.New("EOF"),
	})
	got := seen.Since(began)
	if len(got) != 2 || got[0].TMS != 12 || got[1].TMS != 20 {
		t.Fatalf("%+v, expected two handshakes at 12 and 20 ms", got)
	}
	if h := got[0]; h.Protocol != "TLS 1.3 · TLS_AES_128_GCM_SHA256 · h2" || h.Error != "" ||
		h.ServerName != "a.test" || len(h.Chain) != 2 {
		t.Errorf("%+v", h)
	}
	if h := got[1]; h.Error != "EOF" || h.Protocol != "" {
		t.Errorf("%+v, expected the error alone", h)
	}
	leaf := got[0].Chain[0]
	if leaf.Key != "ECDSA P-256" || leaf.CA || leaf.Names[0] != "a.test" || leaf.Serial == "" ||
		leaf.Subject != id.Leaf.Subject.String() || !leaf.NotAfter.Equal(id.Leaf.NotAfter) {
		t.Errorf("the leaf is described as %+v", leaf)
	}
	if !got[0].Chain[1].CA {
		t.Error("the intermediate is not shown as a CA")
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(leaf.PEM)) {
		t.Errorf("not a certificate in PEM: %s", leaf.PEM)
	}
}

// TestManyHandshakes checks that a crowd of clients that see the same does not
// displace what differs.
func TestManyHandshakes(t *testing.T) {
	t.Parallel()
	began := time.Now()
	var seen Handshakes
	for i := range 1000 {
		h := &wire.Handshake{
			Client: wire.Client{Address: "127.0.0.1:443"}, Local: fmt.Sprintf("127.0.0.1:%d", 40000+i),
			Began: began.Add(time.Duration(i) * time.Millisecond),
		}
		h.Err = errors.New("read " + h.Local + ": reset")
		if i == 300 {
			h.Err = errors.New("bad certificate")
		}
		seen.Add(h)
	}
	got := seen.Since(began)
	if len(got) != most || got[0].TMS != 0 || got[most-1].TMS != 999 {
		t.Errorf("%d handshakes, expected %d with the first and the last", len(got), most)
	}
	found := 0
	for _, h := range got {
		if h.Error == "bad certificate" {
			found++
		}
	}
	if found != 1 {
		t.Errorf("the one that differs is there %d times, expected once", found)
	}
}
