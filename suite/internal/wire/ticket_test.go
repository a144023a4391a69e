package wire

import (
	"context"
	"crypto/tls"
	"net"
	"testing"
)

// A session of another server is offered, and the server that does not know it makes a
// full handshake; its own session is resumed.
func TestForeignSession(t *testing.T) {
	t.Parallel()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		foreign, err := ForeignSession("a.test", version)
		if err != nil {
			t.Fatal(err)
		}
		certificate, err := otherCertificate("a.test")
		if err != nil {
			t.Fatal(err)
		}
		offered := 0
		config := &tls.Config{Certificates: []tls.Certificate{certificate}}
		config.WrapSession = config.EncryptTicket
		config.UnwrapSession = func(ticket []byte, s tls.ConnectionState) (*tls.SessionState, error) {
			offered++
			return config.DecryptTicket(ticket, s)
		}
		listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { listener.Close() })
		go serveEach(listener, func(conn net.Conn) { _, _ = conn.Write([]byte{0}) })
		long, err := Retold(foreign, func([]byte) []byte { return make([]byte, 4000) })
		if err != nil {
			t.Fatal(err)
		}
		for i, session := range []*tls.ClientSessionState{foreign, long} {
			client := Client{
				Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
					return new(net.Dialer).DialContext(ctx, network, address)
				},
				Address: listener.Addr().String(), ServerName: "a.test", MinVersion: version,
				MaxVersion: version,
				Sessions:   NewSession(session), KeepOpen: true,
			}
			for _, resumed := range []bool{false, true} {
				h := client.Handshake(t.Context())
				if h.Err != nil || h.State.DidResume != resumed || len(h.Chain) != 1 ||
					string(h.Chain[0].Raw) != string(certificate.Certificate[0]) {
					t.Fatalf("%s: %v, resumed %t, expected %t", tls.VersionName(version), h.Err,
						h.State.DidResume, resumed)
				}
				_, _ = h.Conn.Read(make([]byte, 1)) // the ticket comes before it
				h.Conn.Close()
			}
			if want := 2 * (i + 1); offered != want {
				t.Errorf("%s: %d tickets were offered, expected %d", tls.VersionName(version), offered, want)
			}
		}
	}
}
