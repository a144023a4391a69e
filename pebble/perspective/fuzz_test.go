package perspective

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"assay/pebble/limits"
)

var challenge = Challenge{
	ID: "1", Order: "2", Type: "http-01", Name: "www.example.test", Token: "token-of-the-challenge",
	KeyAuthorization: "token-of-the-challenge.thumbprint-of-the-account",
}

// answering returns a validator whose server sends the same bytes to everybody who has
// sent something.
func answering(answer []byte) *Validator {
	return New(Config{
		Perspectives: []Perspective{{Name: "primary"}},
		Lookup:       func(string) []netip.Addr { return []netip.Addr{netip.MustParseAddr("192.0.2.1")} },
		Forward:      func(at netip.AddrPort) (string, bool) { return at.String(), true },
		Dial: func(context.Context, netip.Addr, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			go func() {
				defer server.Close()
				_, _ = server.Read(make([]byte, 64<<10))
				_, _ = io.Copy(server, bytes.NewReader(answer))
			}()
			return client, nil
		},
		HTTPPort: 80, TLSPort: 443, Record: func(Event) {},
	})
}

// Whatever a server answers to http-01, a challenge is valid only if the answer has status
// 200. The problem of any other one is short.
func FuzzAnswer(f *testing.F) {
	right := challenge.KeyAuthorization
	for _, seed := range []string{
		"",
		"HTTP/1.1 200 OK\r\n\r\n" + right,
		"HTTP/1.1 200 OK\r\nContent-Length: 48\r\n\r\n" + right,
		"HTTP/1.1 200 OK\r\n\r\n" + right + " \n",
		"HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("x", limits.Answer+1),
		"HTTP/1.1 404 Not Found\r\n\r\n" + right,
		"HTTP/1.1 302 Found\r\nLocation: http://www.example.test/" + right + "\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: https://www.example.test:8443/\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.2/\r\n\r\n",
		"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n" + right,
		"SSH-2.0-OpenSSH_9.9\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		v := answering(answer)
		began := time.Now()
		problem := v.look(t.Context(), v.config.Perspectives[0], challenge)
		if took := time.Since(began); took > patience+time.Second {
			t.Errorf("the look took %s, expected at most %s", took, patience)
		}
		if problem == nil {
			if !bytes.Contains(answer, []byte("200")) {
				t.Errorf("the challenge is valid with the answer %.200q, expected status 200", answer)
			}
			return
		}
		if problem.Type == "" || problem.Detail == "" || len(problem.Detail) > 2*limits.Text {
			t.Errorf("found the problem %.200q %.200q, expected a type and a short text",
				problem.Type, problem.Detail)
		}
	})
}

// Whatever certificate a server shows, it is right only if it holds the digest of the key
// authorization and the name.
func FuzzChallengeCertificate(f *testing.F) {
	for _, change := range []func(*Challenge){
		func(*Challenge) {},
		func(c *Challenge) { c.Name = "WWW.example.test" },
		func(c *Challenge) { c.Name = "other.example.test" },
		func(c *Challenge) { c.KeyAuthorization += "x" },
	} {
		c := challenge
		change(&c)
		made, err := newCertificate(c)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(made.Certificate[0])
	}
	digest := sha256.Sum256([]byte(challenge.KeyAuthorization))
	f.Fuzz(func(t *testing.T, der []byte) {
		leaf, err := x509.ParseCertificate(der)
		if err != nil {
			return
		}
		problem := look{v: answering(nil), c: challenge}.judge(leaf)
		holds := bytes.Contains(der, digest[:]) &&
			bytes.Contains(bytes.ToLower(der), []byte(challenge.Name))
		if problem == nil && !holds {
			t.Error("the certificate is right, expected one with the digest and the name")
		}
		if problem != nil && problem.Detail == "" {
			t.Error("found a problem without words")
		}
	})
}

// The seeds of the fuzz functions that are right, and one that is not, are told apart.
func TestRightCertificate(t *testing.T) {
	other := challenge
	other.KeyAuthorization += "x"
	for _, row := range []struct {
		of    Challenge
		right bool
	}{{challenge, true}, {other, false}} {
		made, err := newCertificate(row.of)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(made.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		problem := look{v: answering(nil), c: challenge}.judge(leaf)
		if row.right != (problem == nil) {
			t.Errorf("found %v, expected a right certificate: %t", problem, row.right)
		}
	}
}
