package pebble

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"
)

var errSeen = errors.New("hello seen")

// serverName reads a TLS client hello, if there is one, and returns the server
// name in it together with every byte read, to be sent on.
func serverName(conn net.Conn, within time.Duration) (name string, read []byte) {
	var head bytes.Buffer
	_ = conn.SetReadDeadline(time.Now().Add(within))
	// crypto/tls parses the hello and is stopped before it answers.
	_ = tls.Server(eavesdropper{conn, io.TeeReader(conn, &head)}, &tls.Config{
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			name = hello.ServerName
			return nil, errSeen
		},
	}).Handshake()
	_ = conn.SetReadDeadline(time.Time{})
	return name, head.Bytes()
}

// eavesdropper reads a connection and never says a word on it.
type eavesdropper struct {
	net.Conn
	reader io.Reader
}

func (e eavesdropper) Read(p []byte) (int, error)  { return e.reader.Read(p) }
func (e eavesdropper) Write(p []byte) (int, error) { return len(p), nil }
func (e eavesdropper) Close() error                { return nil }
