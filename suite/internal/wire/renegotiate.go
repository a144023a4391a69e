package wire

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

// ErrNoTLS12 is returned by [Renegotiate] if the server refuses the handshake.
var ErrNoTLS12 = errors.New("no handshake of TLS 1.2 with AES-128-GCM")

// Renegotiate makes a handshake of TLS 1.2 on a connection, and then begins another one on
// it with a second ClientHello (RFC 5246 §7.4.1.2), many times. It returns what the server
// answered to the first one within a time: an alert in words, "a record of type N", "the
// end of the connection", or "nothing". The connection's deadline limits the handshake.
//
// crypto/tls has no client that begins a second handshake, so the records after the first
// handshake are made here, from the secret in the client's key log.
func Renegotiate(
	conn net.Conn, serverName string, times int, within time.Duration,
) (answer string, err error) {
	tap, keys := &tap{Conn: conn}, &bytes.Buffer{}
	client := tls.Client(tap, &tls.Config{
		ServerName: serverName, InsecureSkipVerify: true, KeyLogWriter: keys,
		MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12, CurvePreferences: groups,
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		},
	})
	if err := client.Handshake(); errors.Is(err, os.ErrDeadlineExceeded) {
		return "", err
	} else if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoTLS12, err)
	}
	r, err := newRecords(tap, keys.String())
	if err != nil {
		return "", err
	}
	if err := conn.SetDeadline(time.Now().Add(within)); err != nil {
		return "", err
	}
	if r.write(recordHandshake, tap.hello) != nil {
		return ended, nil
	}
	answer = r.read()
	for range times - 1 {
		if r.write(recordHandshake, tap.hello) != nil {
			break // the server has ended the connection
		}
	}
	return answer, nil
}

// ended names the answer of a server that has ended the connection; see [Renegotiate].
const ended = "the end of the connection"

// The types of records (RFC 5246 §6.2.1).
const (
	recordAlert     = 21
	recordHandshake = 22
)

// A tap keeps the first message that the client sends, and the beginning of what the
// server answers.
type tap struct {
	net.Conn
	hello  []byte // the ClientHello, without the header of its record
	answer []byte
}

func (t *tap) Write(b []byte) (int, error) {
	if t.hello == nil && len(b) > recordHeader {
		t.hello = bytes.Clone(b[recordHeader:])
	}
	return t.Conn.Write(b)
}

func (t *tap) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	if missing := helloRandom + 32 - len(t.answer); missing > 0 {
		t.answer = append(t.answer, b[:min(n, missing)]...)
	}
	return n, err
}

// helloRandom is where the random of a hello begins: after the headers of the record and
// of the message, and the version.
const helloRandom = recordHeader + 4 + 2

// records writes and reads the records of a connection of TLS 1.2 after its handshake,
// with AES-128-GCM (RFC 5288).
type records struct {
	conn           net.Conn
	ours, theirs   cipher.AEAD
	ourSalt, salt  []byte // the implicit parts of the nonces
	sent, received uint64 // records
}

// newRecords derives the keys of a connection from the key log of its client (RFC 5246
// §6.3).
func newRecords(t *tap, keyLog string) (*records, error) {
	fields := strings.Fields(keyLog)
	if len(fields) != 3 || len(t.answer) < helloRandom+32 || len(t.hello) < 6+32 {
		return nil, errors.New("renegotiation: found no secret or no random, expected both")
	}
	secret, err := hex.DecodeString(fields[2])
	if err != nil {
		return nil, fmt.Errorf("renegotiation: the key log: %w", err)
	}
	seed := append([]byte("key expansion"), t.answer[helloRandom:helloRandom+32]...)
	seed = append(seed, t.hello[6:6+32]...)
	block := expand(secret, seed, 2*16+2*4)
	r := &records{conn: t.Conn, ourSalt: block[32:36], salt: block[36:40], sent: 1, received: 1}
	if r.ours, err = gcm(block[:16]); err != nil {
		return nil, err
	}
	r.theirs, err = gcm(block[16:32])
	return r, err
}

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// expand returns n bytes of P_SHA256 (RFC 5246 §5).
func expand(secret, seed []byte, n int) (out []byte) {
	sum := func(parts ...[]byte) []byte {
		h := hmac.New(sha256.New, secret)
		for _, part := range parts {
			h.Write(part)
		}
		return h.Sum(nil)
	}
	for a := sum(seed); len(out) < n; a = sum(a) {
		out = append(out, sum(a, seed)...)
	}
	return out[:n]
}

// additional returns the additional data of a record, whose text is n bytes long.
func additional(sequence uint64, kind byte, n int) []byte {
	data := binary.BigEndian.AppendUint64(nil, sequence)
	data = append(data, kind, 3, 3)
	return binary.BigEndian.AppendUint16(data, uint16(n))
}

func (r *records) write(kind byte, text []byte) error {
	explicit := binary.BigEndian.AppendUint64(nil, r.sent)
	sealed := r.ours.Seal(nil, append(bytes.Clone(r.ourSalt), explicit...), text,
		additional(r.sent, kind, len(text)))
	r.sent++
	record := append([]byte{kind, 3, 3}, 0, 0)
	binary.BigEndian.PutUint16(record[3:], uint16(len(explicit)+len(sealed)))
	_, err := r.conn.Write(append(append(record, explicit...), sealed...))
	return err
}

// read describes the server's next record.
func (r *records) read() string {
	header := make([]byte, recordHeader)
	_, err := io.ReadFull(r.conn, header)
	record := make([]byte, binary.BigEndian.Uint16(header[3:]))
	if err == nil {
		_, err = io.ReadFull(r.conn, record)
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "nothing"
	case err != nil:
		return ended
	}
	kind := fmt.Sprintf("a record of type %d", header[0])
	if header[0] != recordAlert || len(record) < 8+r.theirs.Overhead() {
		return kind
	}
	alert, err := r.theirs.Open(nil, append(bytes.Clone(r.salt), record[:8]...), record[8:],
		additional(r.received, recordAlert, len(record)-8-r.theirs.Overhead()))
	if err != nil || len(alert) != 2 {
		return kind
	}
	return fmt.Sprintf("alert %d", alert[1])
}
