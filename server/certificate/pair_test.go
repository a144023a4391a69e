package certificate

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"assay/fixtures/pki"
	"assay/server/config"
)

func save(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// place saves a pair in a directory of the test's own; nil saves nothing.
func place(t *testing.T, cert, key []byte) Files {
	t.Helper()
	dir := t.TempDir()
	files := Files{filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), config.Enforce}
	if cert != nil {
		save(t, files.CertPath, cert)
	}
	if key != nil {
		save(t, files.KeyPath, key)
	}
	return files
}

func TestLoadAccepts(t *testing.T) {
	t.Parallel()
	pair := mint(t, "a.test", pki.Spec{})
	cert, key := pair.ChainPEM(), keyPEM(t, pair)
	sec1, err := x509.MarshalECPrivateKey(pair.Key.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	for name, files := range map[string]Files{
		"two files":   place(t, cert, key),
		"key in both": place(t, append(bytes.Clone(key), cert...), key),
		"comments around": place(t, slices.Concat([]byte("subject=a.test\n"), cert),
			slices.Concat([]byte("a key\n"), key)),
		"windows line ends": place(t, bytes.ReplaceAll(cert, []byte("\n"), []byte("\r\n")), key),
		"parameters in front": place(t, cert, append([]byte("-----BEGIN EC "+
			"PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"), key...)),
		"SEC 1": place(t, cert, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1})),
	} {
		loaded, warnings, err := Load(files)
		if err != nil || len(warnings) > 0 || !bytes.Equal(loaded.Certificate[0], pair.Leaf.Raw) {
			t.Errorf("%s: got %v, %v", name, warnings, err)
		}
	}
	combined := place(t, append(bytes.Clone(cert), key...), nil)
	combined.KeyPath = combined.CertPath
	if _, _, err := Load(combined); err != nil {
		t.Errorf("combined file: %v", err)
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	pair := mint(t, "a.test", pki.Spec{Intermediates: 1})
	cert, key := pair.ChainPEM(), keyPEM(t, pair)
	intermediate := pair.Intermediates[0]
	other, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	otherKey := pem.EncodeToMemory(
		&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(other)},
	)
	der, _ := pem.Decode(key)
	broken := bytes.Clone(cert)
	copy(broken[200:], "!!!!")
	directory := place(t, nil, key)
	if err := os.Mkdir(directory.CertPath, 0o700); err != nil {
		t.Fatal(err)
	}

	for name, test := range map[string]struct {
		files Files
		want  string // after the key's name; CERT and KEY stand for the paths
	}{
		"missing certificate": {
			place(t, nil, key),
			"tls_cert_path: CERT: found no readable file (no such file or directory), " +
				"expected the certificate and its chain in PEM",
		},
		"missing key": {
			place(t, cert, nil),
			"tls_key_path: KEY: found no readable file (no such file or directory), expected " +
				"a private key in PEM",
		},
		"both missing": {place(t, nil, nil), "tls_key_path: KEY: found no readable file"},
		"directory":    {directory, "tls_cert_path: CERT: found a directory, expected"},
		"empty certificate": {
			place(t, []byte{}, key), "tls_cert_path: CERT: found an empty file, expected",
		},
		"empty key": {place(t, cert, []byte{}), "tls_key_path: KEY: found an empty file, expected"},
		"truncated certificate": {
			place(t, cert[:len(cert)-40], key),
			"tls_cert_path: CERT: found no END line for block 2 (CERTIFICATE, line 16) " +
				"(truncated or damaged), expected",
		},
		"damaged certificate": {
			place(t, broken, key),
			"tls_cert_path: CERT: found text that is not base64 in block 1 (CERTIFICATE, " +
				"line 1) (truncated or damaged), expected",
		},
		"truncated key": {
			place(t, cert, key[:len(key)/2]),
			"tls_key_path: KEY: found no END line for block 1 (PRIVATE KEY, line 1) " +
				"(truncated or damaged), expected",
		},
		"DER certificate": {
			place(t, pair.Leaf.Raw, key),
			"tls_cert_path: CERT: found DER, expected the certificate and its chain in PEM",
		},
		"DER key": {
			place(t, cert, der.Bytes),
			"tls_key_path: KEY: found DER, expected a private key in PEM",
		},
		"garbage": {place(t, []byte("hello\n"), key), "tls_cert_path: CERT: found no PEM block"},
		"swapped": {
			place(t, key, cert),
			"tls_cert_path: CERT: found a private key and no certificate, expected the " +
				"certificate (are tls_cert_path and tls_key_path swapped?)",
		},
		"another's key": {
			place(t, cert, otherKey), "tls_key_path: KEY: found no key for the certificate in CERT",
		},
		"encrypted key, PKCS #8": {
			place(t, cert, pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der.Bytes})),
			"tls_key_path: KEY: found an encrypted private key, expected one without a passphrase"},
		"encrypted key, RFC 1421": {place(t, cert, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY",
			Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,00"},
			Bytes:   der.Bytes})),
			"tls_key_path: KEY: found an encrypted private key, expected one without a passphrase"},
		"intermediate before leaf": {place(t, pki.PEM(intermediate, pair.Leaf), key),
			`tls_cert_path: CERT: certificate 1 (ISSUER) does not belong to the key: the ` +
				`certificate that does, "CN=a.test", is misplaced at place 2, expected it at ` +
				`place 1`},
		"leaf only": {place(t, pki.PEM(pair.Leaf), key),
			`tls_cert_path: CERT: certificate 1 (CN=a.test) has no issuer in the file: the ` +
				`intermediate certificate "ISSUER" is missing, expected it at place 2`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := Load(test.files)
			if err == nil {
				t.Fatal("accepted")
			}
			got := strings.NewReplacer(test.files.CertPath, "CERT",
				test.files.KeyPath, "KEY", Name(intermediate), "ISSUER").
				Replace(err.Error())
			if !strings.Contains(got, test.want) {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestChainCheckLevels(t *testing.T) {
	t.Parallel()
	pair := mint(t, "a.test", pki.Spec{Intermediates: 1})
	for check, want := range map[config.ChainCheck]struct{ refused, warned bool }{
		config.Enforce: {refused: true}, config.Warn: {warned: true}, config.Off: {},
	} {
		files := place(t, pki.PEM(pair.Leaf), keyPEM(t, pair))
		files.ChainCheck = check
		_, warnings, err := Load(files)
		if (err != nil) != want.refused || (len(warnings) == 1) != want.warned {
			t.Errorf("%s: got %q, %v", check, warnings, err)
		}
	}
}

func TestValidityIsAWarning(t *testing.T) {
	t.Parallel()
	for want, age := range map[string]time.Duration{
		"expired on": expired, "is not valid before": future,
	} {
		pair := selfSignedFor(t, "a.test", age)
		_, warnings, err := Load(place(t, pair.ChainPEM(), keyPEM(t, pair)))
		if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "cert.pem: the "+
			"certificate (CN=a.test) "+want) {
			t.Errorf("%s: got %q, %v", want, warnings, err)
		}
	}
}
