package certificate

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"assay/fixtures/pki"
	"assay/server/config"
)

// FuzzLoad checks that a pair of any two files is refused in short and printable words, or
// is one that a TLS server can use, with every certificate of the file in its order.
func FuzzLoad(f *testing.F) {
	id, err := pki.New(pki.Spec{Names: []string{"a.test"}, Intermediates: 1})
	if err != nil {
		f.Fatal(err)
	}
	key, err := id.KeyPEM(pki.PKCS8)
	if err != nil {
		f.Fatal(err)
	}
	chain := id.ChainPEM()
	for _, cert := range [][]byte{
		chain, append(bytes.Clone(key), chain...), chain[:len(chain)/2], bytes.ReplaceAll(chain,
			[]byte("\n"), []byte("\r\n")),
		append([]byte("\xef\xbb\xbf"), chain...), id.Leaf.Raw,
		[]byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"),
		[]byte("-----BEGIN \x1b[2J\u202e-----\nAAAA\n-----END \x1b[2J\u202e-----\n"),
		[]byte("-----BEGIN A-----\nAA==\n-----END B-----\n"),
		[]byte("-----BEGIN " + strings.Repeat("LONG ", 900) + "-----\n"), nil, key,
		[]byte("\u2014\u2014BEGIN CERTIFICATE\u2014\u2014"),
		bytes.Replace(chain, []byte("a"), []byte("\x00"), 1), bytes.ToLower(chain),
		[]byte("-----BEGIN X-----\nK: v\n\nAAAA\n-----END X-----\n"),
	} {
		f.Add(cert, key)
		f.Add(chain, cert)
	}
	dir := f.TempDir()
	files := Files{filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), config.Warn}
	f.Fuzz(func(t *testing.T, cert, key []byte) {
		if err := errors.Join(os.WriteFile(files.CertPath, cert, 0o600), os.WriteFile(files.KeyPath,
			key, 0o600)); err != nil {
			t.Fatal(err)
		}
		pair, warnings, err := Load(files)
		for _, warning := range warnings {
			checkMessage(t, warning)
		}
		if err != nil {
			for _, line := range Lines(err) {
				if problem := new(FileError); !errors.As(line, &problem) {
					t.Errorf("found the error %v of type %T", line, line)
				}
				checkMessage(t, line.Error())
			}
			return
		}
		if _, err := tls.X509KeyPair(cert, key); err != nil {
			t.Errorf("%q and %q: loaded, package tls says %v", cert, key, err)
		}
		var want [][]byte
		for block, rest := pem.Decode(cert); block != nil; block, rest = pem.Decode(rest) {
			if block.Type == "CERTIFICATE" {
				want = append(want, block.Bytes)
			}
		}
		if len(want) != len(pair.Certificate) {
			t.Fatalf("%q: %d certificates are served, package pem finds %d", cert,
				len(pair.Certificate), len(want))
		}
		for i := range want {
			if !bytes.Equal(want[i], pair.Certificate[i]) {
				t.Errorf("%q: certificate %d differs", cert, i+1)
			}
		}
	})
}

// checkMessage checks that a message can be shown in a terminal.
func checkMessage(t *testing.T, text string) {
	t.Helper()
	for _, line := range strings.Split(text, "\n") {
		bad := strings.IndexFunc(line, func(r rune) bool {
			return r == utf8.RuneError ||
				!unicode.IsPrint(r)
		})
		if bad >= 0 || len(line) > 25_000 {
			t.Errorf("found the message %q of %d bytes", line[:min(len(line), 400)], len(line))
		}
	}
}
