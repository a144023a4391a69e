package secret

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/acme"

	"assay/fixtures/pki"
)

func holdsAny(text string, secrets []string) bool {
	return slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(text, s) })
}

func keys(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]crypto.Signer{"P-256": p256, "P-384": p384, "RSA": r, "Ed25519": ed}
}

// A key is found in whatever form it is written down, whichever form its file has.
func TestAKeyIsFoundInEveryForm(t *testing.T) {
	t.Parallel()
	for name, key := range keys(t) {
		pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		ders := map[string][]byte{"PKCS#8": pkcs8}
		var private []byte
		switch key := key.(type) {
		case *ecdsa.PrivateKey:
			ders["SEC 1"], _ = x509.MarshalECPrivateKey(key)
			private, _ = key.Bytes()
		case *rsa.PrivateKey:
			ders["PKCS#1"] = x509.MarshalPKCS1PrivateKey(key)
			private = key.D.Bytes()
		case ed25519.PrivateKey:
			private = key.Seed()
		}
		written := map[string]string{
			"JWK":            `{"d":"` + base64.RawURLEncoding.EncodeToString(private) + `"}`,
			"scalar, hex":    fmt.Sprintf("%x", private),
			"scalar, HEX":    fmt.Sprintf("%X", private),
			"scalar, colons": strings.ReplaceAll(fmt.Sprintf("% x", private), " ", ":"),
			"scalar, bytes":  fmt.Sprint(private),
		}
		files := map[string]string{"JWK": written["JWK"]}
		for form, der := range ders {
			text := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
			inJSON, err := json.Marshal(text)
			if err != nil {
				t.Fatal(err)
			}
			files[form+", PEM"] = "a certificate before it\n" + text
			files[form+", DER"] = string(der)
			files[form+", PEM in base64 in JSON"] = `{"Key":"` +
				base64.StdEncoding.EncodeToString([]byte(text)) + `"}`
			files[form+", DER in base64 in JSON"] = `{"Key":"` +
				base64.StdEncoding.EncodeToString(der) + `"}`
			written[form+", PEM"] = text
			written[form+", PEM in JSON"] = string(inJSON)
			written[form+", DER"] = string(der)
			written[form+", base64"] = base64.StdEncoding.EncodeToString(der)
			written[form+", base64 for URLs"] = base64.RawURLEncoding.EncodeToString(der)
			written[form+", hex"] = hex.EncodeToString(der)
			written[form+", bytes"] = fmt.Sprint(der)
			written[form+", Python's bytes"] = strings.ReplaceAll(fmt.Sprintf(`\x% x`, der), " ", `\x`)
			var wrapped strings.Builder
			for line := range slices.Chunk([]byte(written[form+", base64"]), 76) {
				wrapped.WriteString("2026/01/02 03:04:05 " + string(line) + "\n")
			}
			written[form+", MIME"] = wrapped.String()
		}
		for file, content := range files {
			forms := Forms([]byte(content))
			for form, text := range written {
				if !holdsAny(text, forms) {
					t.Errorf("%s: the key from %s was not found in %s", name, file, form)
				}
			}
		}
	}
}

// What everybody may read is no secret: certificates, public keys, the beginning
// of a PEM block, the structure that all keys of a type share.
func TestWhatIsPublicIsNotFound(t *testing.T) {
	t.Parallel()
	for _, kind := range []pki.KeyType{"", "rsa-2048"} {
		id, err := pki.New(pki.Spec{Names: []string{"a.test"}, Intermediates: 1, Key: kind})
		if err != nil {
			t.Fatal(err)
		}
		other, err := pki.New(pki.Spec{Names: []string{"b.test"}, Key: kind})
		if err != nil {
			t.Fatal(err)
		}
		entry, err := pki.AutocertCacheEntry(id) // key and chain in one file
		if err != nil {
			t.Fatal(err)
		}
		otherEntry, err := pki.AutocertCacheEntry(other)
		if err != nil {
			t.Fatal(err)
		}
		public, err := x509.MarshalPKIXPublicKey(id.Key.Public())
		if err != nil {
			t.Fatal(err)
		}
		if kind != "" {
			otherEntry = nil // RSA keys are minted once
		}
		forms := Forms(entry)
		for _, text := range []string{
			"a log line", string(id.ChainPEM()), "-----BEGIN EC PRIVATE KEY-----", string(id.Leaf.Raw),
			hex.EncodeToString(id.Leaf.Raw), base64.StdEncoding.EncodeToString(public), string(otherEntry),
		} {
			if holdsAny(text, forms) {
				t.Errorf("%s: a secret was found in %q", kind, text)
			}
		}
		if forms := Forms(id.ChainPEM()); len(forms) > 0 {
			t.Errorf("certificates alone gave %d secrets", len(forms))
		}
	}
}

// The key authorization of an account ends with its thumbprint.
func TestThumbprint(t *testing.T) {
	t.Parallel()
	for name, key := range keys(t) {
		want, err := acme.JWKThumbprint(key.Public())
		if err != nil { // Ed25519: compared with the example of RFC 8037 below
			continue
		}
		if got := thumbprintOf(key.Public()); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	x, _ := base64.RawURLEncoding.DecodeString("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
	const want = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
	if got := thumbprintOf(ed25519.PublicKey(x)); got != want {
		t.Errorf("Ed25519: %s, want %s", got, want)
	}
	sum := sha256.Sum256(nil)
	if got := thumbprintOf(sum); got != "" {
		t.Errorf("of no key: %s", got)
	}
}

func FuzzForms(f *testing.F) {
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n"))
	f.Add([]byte(`{"d":"0123456789abcdefghijklmnop"}`))
	f.Add([]byte{0x30, 0x80})
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, form := range Forms(content) {
			if len(form) < 10 {
				t.Errorf("a form of %d bytes, %q", len(form), form)
			}
		}
	})
}
