package acme

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/acme/autocert"

	"assay/fixtures/pki"
)

// FuzzCacheEntry checks that an entry of the cache that is used is one that autocert can
// use, and that the complaint about another one can be shown.
func FuzzCacheEntry(f *testing.F) {
	id, err := pki.New(pki.Spec{Names: []string{"a.test"}})
	if err != nil {
		f.Fatal(err)
	}
	entry, err := pki.AutocertCacheEntry(id)
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range []string{"a.test", accountKey + "+key", "a.test+http-01", "a.test+rsa"} {
		f.Add(name, entry)
		f.Add(name, entry[:len(entry)/2])
		f.Add(name, []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"))
		f.Add(name, []byte{})
		f.Add(name, []byte("\x00\x1b[2J"))
	}
	f.Fuzz(func(t *testing.T, name string, entry []byte) {
		if name == "" || strings.ContainsAny(name, "/\x00") || strings.Trim(name, ".") == "" ||
			len(name) > 200 {
			return
		}
		var out bytes.Buffer
		c := cache{autocert.DirCache(t.TempDir()), log.New(&out, "", 0)}
		if err := c.Put(t.Context(), name, entry); err != nil {
			return // a name that is no file's
		}
		got, err := c.Get(t.Context(), name)
		token := strings.HasSuffix(name, "+http-01")
		switch {
		case err != nil && token:
			t.Errorf("%q: a response to a challenge is not found: %v", name, err)
		case err != nil && !strings.Contains(out.String(), "will be replaced"):
			t.Errorf("%q %q: nothing is logged of %v", name, entry, err)
		case err == nil && !bytes.Equal(got, entry):
			t.Errorf("%q %q: found %q", name, entry, got)
		case err == nil && strings.HasPrefix(name, accountKey):
			if block, _ := pem.Decode(got); block == nil && !token {
				t.Errorf("%q %q: used without a PEM block", name, entry)
			}
		case err == nil && !token:
			if _, err := tls.X509KeyPair(got, got); err != nil {
				t.Errorf("%q %q: used, package tls says %v", name, entry, err)
			}
		}
	})
}

// FuzzProblem checks that what a CA says of an order is logged on one line, short and in
// printable characters.
func FuzzProblem(f *testing.F) {
	f.Add([]byte(`{"status":"invalid","error":{"type":"urn:x","detail":"no\n\u001b[2J"}}`))
	f.Add([]byte(`{"status":"invalid","challenges":[{"type":"http-01","error":{"detail":"a","subpr` +
		`oblems":[{"type":"b"}]}}]}`))
	f.Add([]byte(`{"status":"pending","identifier":{"value":"a"},"challenges":[{"type":"dns-01"},1` +
		`,{"type":"http-01"}]}`))
	f.Add([]byte(`{"status":"invalid","error":{"subproblems":[{"subproblems":[{"subproblems":[{}]}` +
		`]}]}}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		text := invalidity(body, "http-01")
		bad := strings.IndexFunc(text, func(r rune) bool {
			return r == utf8.RuneError ||
				!unicode.IsPrint(r)
		})
		if bad >= 0 || len(text) > 64<<10 {
			t.Errorf("%q: found the text %q of %d bytes", body, text[:min(len(text), 400)], len(text))
		}
		o := &onlyChallenge{kind: "http-01", log: log.New(io.Discard, "", 0)}
		filtered := o.filter(body)
		if json.Valid(body) && !json.Valid(filtered) {
			t.Errorf("%q became %q", body, filtered)
		}
		var object struct {
			Status     string
			Challenges []struct{ Type string }
		}
		if json.Unmarshal(filtered, &object) == nil && !bytes.Equal(filtered, body) {
			for _, c := range object.Challenges {
				if c.Type != "http-01" {
					t.Errorf("%q became %q", body, filtered)
				}
			}
		}
	})
}

// FuzzChain checks that a chain that is accepted is one in which each certificate is
// followed by its issuer.
func FuzzChain(f *testing.F) {
	id, err := pki.New(pki.Spec{Names: []string{"a.test"}, Intermediates: 2})
	if err != nil {
		f.Fatal(err)
	}
	chain := id.ChainPEM()
	f.Add(chain)
	f.Add(chain[len(chain)/2:])
	f.Add(append(bytes.Clone(chain), chain...))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, text []byte) {
		err := checkChain(text)
		block, _ := pem.Decode(text)
		if (block == nil) && err == nil {
			t.Errorf("%q: accepted without a certificate", text)
		}
	})
}
