package harness

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"assay/suite/internal/match"
)

// SecretsBelow are the private keys in the PEM files below a directory of the
// spec's, in every form in which a log might hold them: the file's own lines,
// and the key in base64, in its alphabet for URLs, and in hexadecimal. A server
// that keeps nothing there has no secret there.
func SecretsBelow(e *Env, dir string) (secrets []string) {
	e.Must(filepath.WalkDir(e.Path(dir), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return IgnoreGone(err)
		}
		text, err := os.ReadFile(path)
		secrets = append(secrets, privateKeys(text)...)
		return IgnoreGone(err)
	}))
	for _, secret := range secrets {
		if !slices.Contains(e.known, secret) {
			e.known = append(e.known, secret)
		}
	}
	return secrets
}

// privateKeys are the private keys in a PEM text, see [secretsBelow].
func privateKeys(text []byte) (secrets []string) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if !strings.Contains(block.Type, "PRIVATE KEY") {
			continue
		}
		for _, der := range encodings(block.Bytes) {
			secrets = append(secrets,
				string(der),
				base64.StdEncoding.EncodeToString(der),
				base64.RawURLEncoding.EncodeToString(der),
				hex.EncodeToString(der))
			encoded := pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: der})
			for line := range bytes.Lines(encoded) {
				// The last line of a key may be so short that it stands elsewhere too.
				line = bytes.TrimSpace(line)
				if len(line) >= 16 && !bytes.HasPrefix(line, []byte("-----")) {
					secrets = append(secrets, string(line))
				}
			}
		}
	}
	return secrets
}

// encodings returns the DER forms of the private key that is in one of them:
// PKCS#8, and SEC 1 or PKCS#1. The form that the file has comes first.
func encodings(der []byte) (forms [][]byte) {
	add := func(form []byte, err error) {
		same := func(known []byte) bool { return bytes.Equal(known, form) }
		if err == nil && !slices.ContainsFunc(forms, same) {
			forms = append(forms, form)
		}
	}
	add(der, nil)
	var key any
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		if key, err = x509.ParseECPrivateKey(der); err != nil {
			key, err = x509.ParsePKCS1PrivateKey(der)
		}
	}
	if err != nil {
		return forms // encrypted, or damaged
	}
	add(x509.MarshalPKCS8PrivateKey(key))
	switch key := key.(type) {
	case *ecdsa.PrivateKey:
		add(x509.MarshalECPrivateKey(key))
	case *rsa.PrivateKey:
		add(x509.MarshalPKCS1PrivateKey(key), nil)
	}
	return forms
}

// LookForSecrets does what makes servers say something: it shakes hands in ways
// that they refuse, and asks for pages that might show a secret, at listen_addr
// and at a plain address, if one is given.
func (e *Env) LookForSecrets(server *Server, plain string, secrets []string, pages ...string) {
	ginkgo.GinkgoHelper()
	e.Handshake(server, SNI(""))
	e.Handshake(server, SNI("other.example.test"))
	for _, page := range append([]string{"/"}, pages...) {
		Expect(e.GetTLS(server, page)).To(match.ContainNoneOf(secrets))
		if plain != "" {
			Expect(e.Get(plain, page)).To(match.ContainNoneOf(secrets))
		}
	}
}
