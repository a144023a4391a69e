package wire

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// TestRenegotiate checks that a server of crypto/tls understands the second ClientHello:
// it answers with the alert unexpected_message, not with bad_record_mac.
func TestRenegotiate(t *testing.T) {
	t.Parallel()
	certificate, err := otherCertificate("a.test")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		least uint16
		want  string
		err   error
	}{
		{tls.VersionTLS12, "alert 10", nil},
		{tls.VersionTLS13, "", ErrNoTLS12},
	} {
		ours, theirs := net.Pipe()
		t.Cleanup(func() { ours.Close(); theirs.Close() })
		for _, c := range []net.Conn{ours, theirs} {
			if err := c.SetDeadline(time.Now().Add(timeout)); err != nil {
				t.Fatal(err)
			}
		}
		go func() {
			server := tls.Server(theirs, &tls.Config{
				Certificates: []tls.Certificate{certificate}, MinVersion: tt.least,
			})
			_, _ = server.Read(make([]byte, 1))
		}()
		answer, err := Renegotiate(ours, "a.test", 1, timeout)
		if answer != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("least version %#x: found %q, error %v; expected %q, %v",
				tt.least, answer, err, tt.want, tt.err)
		}
	}
}

// TestRenegotiateInVain checks what is said of servers that do not answer: that is no sign
// of the versions that they speak.
func TestRenegotiateInVain(t *testing.T) {
	t.Parallel()
	certificate, err := otherCertificate("a.test")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		serve func(net.Conn)
		want  string
		err   error
	}{
		"silent from the start": {func(net.Conn) {}, "", os.ErrDeadlineExceeded},
		"silent afterwards": {func(c net.Conn) {
			_ = tls.Server(c, &tls.Config{Certificates: []tls.Certificate{certificate}}).Handshake()
			_, _ = io.Copy(io.Discard, c)
		}, "nothing", nil},
		"ended afterwards": {func(c net.Conn) {
			_ = tls.Server(c, &tls.Config{Certificates: []tls.Certificate{certificate}}).Handshake()
			_, _ = c.Read(make([]byte, 1)) // the second ClientHello has begun
			_ = c.Close()
		}, "the end of the connection", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ours, theirs := net.Pipe()
			t.Cleanup(func() { ours.Close(); theirs.Close() })
			limit := timeout
			if tt.err != nil {
				limit = 50 * time.Millisecond
			}
			if err := ours.SetDeadline(time.Now().Add(limit)); err != nil {
				t.Fatal(err)
			}
			go tt.serve(theirs)
			answer, err := Renegotiate(ours, "a.test", 2, 50*time.Millisecond)
			if answer != tt.want || !errors.Is(err, tt.err) || errors.Is(err, ErrNoTLS12) {
				t.Errorf("found %q, error %v; expected %q, %v", answer, err, tt.want, tt.err)
			}
		})
	}
}
