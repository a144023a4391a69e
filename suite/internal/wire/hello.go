package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
)

// sendHello sends a ClientHello with ServerName as it is and returns what the
// server's first record says as an error. The handshake cannot go on after that,
// because crypto/tls does not know the hello that was sent.
func (c Client) sendHello(ctx context.Context, conn net.Conn) error {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	hello, err := c.ClientHello()
	if err != nil {
		return err
	}
	if _, err := conn.Write(hello); err != nil {
		return err
	}
	kind, body, err := readRecord(conn)
	if err != nil {
		return fmt.Errorf("reading the answer to the hello: %w", err)
	}
	const alertRecord, handshakeRecord = 21, 22 // RFC 8446 §5.1
	switch {
	case kind == alertRecord && len(body) == 2:
		return tls.AlertError(body[1])
	case kind == handshakeRecord:
		return errors.New("the server continued the handshake, expected an alert")
	}
	return fmt.Errorf("the answer is a record of type %d, expected an alert or a handshake", kind)
}

// ClientHello returns the TLS record with which the client begins a handshake. It
// contains ServerName even if RFC 6066 §3 does not allow that name: crypto/tls
// makes a hello for another name of the same length, which is replaced.
func (c Client) ClientHello() ([]byte, error) {
	if len(c.ServerName) < 3 {
		return nil, fmt.Errorf("server name %q: expected at least three bytes", c.ServerName)
	}
	standIn := strings.Repeat("x", len(c.ServerName)-2) + ".x"
	ours, theirs := net.Pipe()
	defer ours.Close()
	made := c
	made.ServerName = standIn
	go func() {
		tls.Client(theirs, made.config(&Handshake{})).Handshake()
		theirs.Close()
	}()
	header, body, err := readRaw(ours)
	if err != nil {
		return nil, err
	}
	return append(header, bytes.Replace(body, []byte(standIn), []byte(c.ServerName), 1)...), nil
}

// readRecord reads one TLS record (RFC 8446 §5.1).
func readRecord(r io.Reader) (kind byte, body []byte, err error) {
	header, body, err := readRaw(r)
	if err != nil {
		return 0, nil, err
	}
	return header[0], body, nil
}

func readRaw(r io.Reader) (header, body []byte, err error) {
	header = make([]byte, 5)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, nil, err
	}
	body = make([]byte, binary.BigEndian.Uint16(header[3:]))
	_, err = io.ReadFull(r, body)
	return header, body, err
}
