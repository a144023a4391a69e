package harness

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"assay/fixtures/pki"
	"assay/suite/internal/match"
	"assay/suite/internal/secret"
)

// Identity mints a certificate for the spec's hostname, unless the
// specification names others or, by a list that is empty but there, none.
func (e *Env) Identity(spec pki.Spec) *pki.Identity {
	ginkgo.GinkgoHelper()
	if spec.Names == nil {
		spec.Names = []string{e.Hostname}
	}
	id, err := pki.New(spec)
	e.Must(err)
	e.identities = append(e.identities, id)
	return id
}

// WritePair writes an identity's full chain and key to the two files, and
// returns their absolute paths.
func (e *Env) WritePair(id *pki.Identity, cert, key string) (certPath, keyPath string) {
	ginkgo.GinkgoHelper()
	text, err := id.KeyFile(pki.None)
	e.Must(err)
	return e.Write(cert, id.ChainPEM()), e.Write(key, text)
}

// StartOwn starts the target with this identity as its own certificate.
func (e *Env) StartOwn(id *pki.Identity, options ...StartOption) *Server {
	ginkgo.GinkgoHelper()
	cert, key := e.WritePair(id, "cert.pem", "key.pem")
	return e.Start(e.Own(cert, key), options...)
}

// CacheCertificate puts a certificate for the hostname that has left to live
// into a cache directory, in the form of autocert's DirCache, as if an earlier
// run of the server had obtained it. autocert keeps certificates with ECDSA
// and with RSA keys side by side; see [WithRSAKey].
func (e *Env) CacheCertificate(
	dir string,
	left, lifetime time.Duration,
	change ...func(*pki.Spec),
) *pki.Identity {
	ginkgo.GinkgoHelper()
	spec := pki.Spec{Intermediates: 1, Lifetime: lifetime, Age: pki.Left(left, lifetime)}
	for _, c := range change {
		c(&spec)
	}
	id := e.Identity(spec)
	entry, err := pki.AutocertCacheEntry(id)
	e.Must(err)
	e.Must(os.MkdirAll(e.Path(dir), 0o700))
	e.Must(os.WriteFile(e.Path(dir, pki.AutocertCacheName(e.Hostname, id)), entry, 0o600))
	return id
}

// WithRSAKey gives a certificate an RSA key.
func WithRSAKey(spec *pki.Spec) { spec.Key = pki.RSA2048 }

// Link makes a symbolic link below the spec's directory; to is what the link
// says.
func (e *Env) Link(name, to string) {
	ginkgo.GinkgoHelper()
	path := e.Path(name)
	e.Must(os.MkdirAll(filepath.Dir(path), 0o755))
	e.Must(os.Symlink(to, path))
}

// MkDir makes a directory below the spec's.
func (e *Env) MkDir(name string) {
	ginkgo.GinkgoHelper()
	e.Must(os.MkdirAll(e.Path(name), 0o755))
}

// ServeAndStop starts the target with this pair, sees the pair served, and stops
// the target, so that its log holds what it says at start.
func (e *Env) ServeAndStop(id *pki.Identity, over ...Settings) *Server {
	ginkgo.GinkgoHelper()
	cert, key := e.WritePair(id, "cert.pem", "key.pem")
	server := e.Start(e.Own(cert, key, over...))
	gomega.Expect(e.Handshake(server)).To(match.ServeLeaf(id.Leaf))
	server.Stop()
	return server
}

// PairAs writes a pair in one of the forms that tools and people give PEM
// files.
func (e *Env) PairAs(form string, id *pki.Identity) (cert, key string) {
	chainText := id.ChainPEM()
	keyText, err := id.KeyPEM(pki.SEC1)
	e.Must(err)
	switch form {
	case "combined":
		both, err := id.Combined()
		e.Must(err)
		path := e.Write("combined.pem", both)
		return path, path
	case "text-before": // as openssl x509 -text and the browsers' exports have it
		chainText = append(
			[]byte("Certificate:\n    Data:\n        Version: 3 (0x2)\nsubject=CN = "+e.Hostname+"\n"),
			chainText...)
		keyText = append([]byte("Private-Key: (256 bit)\nBag Attributes: <No Attributes>\n"), keyText...)
	case "ec-parameters": // as openssl ecparam -genkey writes it: the curve P-256 by name
		keyText = append(
			[]byte("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"),
			keyText...)
	case "crlf":
		chainText, keyText = bytes.ReplaceAll(
			chainText,
			[]byte("\n"),
			[]byte("\r\n"),
		), bytes.ReplaceAll(
			keyText,
			[]byte("\n"),
			[]byte("\r\n"),
		)
	default:
		e.Must(fmt.Errorf("form %q of a pair: expected one that the spec knows", form))
	}
	return e.Write("cert.pem", chainText), e.Write("key.pem", keyText)
}

// NewFiles are the spec's files that were not there before, but for the
// target's own state.
func (e *Env) NewFiles(before []string) []string {
	return slices.DeleteFunc(e.Files(), func(path string) bool {
		return slices.Contains(before, path) || e.owned(path)
	})
}

// owned reports whether a file is the target's own, or was made for one of its
// starts.
func (e *Env) owned(path string) bool {
	return e.setup.Target.Owns(path) || slices.ContainsFunc(e.servers, func(v *Server) bool {
		return v.launch.Owns(path)
	})
}

// Files lists what lies below the spec's directory.
func (e *Env) Files() []string {
	var paths []string
	e.Must(filepath.WalkDir(e.Dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			rel, _ := filepath.Rel(e.Dir, path)
			paths = append(paths, rel)
		}
		return nil
	}))
	return paths
}

// CacheExpiring puts a certificate of 90 days of which 29 are left into the cache:
// the first handshake sets off its renewal.
func (e *Env) CacheExpiring() *pki.Identity {
	ginkgo.GinkgoHelper()
	const day = 24 * time.Hour
	return e.CacheCertificate("cache", 29*day, 90*day)
}

// SecretsBelow returns the private keys in the files below a directory of the
// spec's, in every form in which a log, an answer or another file might hold them:
// see [secret.Forms]. It returns nothing for a server that keeps no keys there.
func SecretsBelow(e *Env, dir string) (secrets []string) {
	e.Must(filepath.WalkDir(e.Path(dir), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return IgnoreGone(err)
		}
		content, err := os.ReadFile(path)
		if len(content) <= largestKeyFile {
			secrets = append(secrets, e.keyForms(content)...)
			e.known = append(e.known, secret.Written(content)...) // for redaction
		}
		return IgnoreGone(err)
	}))
	slices.Sort(secrets)
	secrets = slices.Compact(secrets)
	e.known = append(e.known, secrets...)
	slices.Sort(e.known)
	e.known = slices.Compact(e.known)
	return secrets
}

// keyForms is [secret.Forms], computed once for each content of a file.
func (e *Env) keyForms(content []byte) []string {
	sum := sha256.Sum256(content)
	forms, known := e.forms[sum]
	if !known {
		forms = secret.Forms(content)
		if e.forms == nil {
			e.forms = map[[sha256.Size]byte][]string{}
		}
		e.forms[sum] = forms
	}
	return forms
}

// largestKeyFile bounds the files in which keys are looked for, in bytes.
const largestKeyFile = 1 << 20

// LookForSecrets makes the server log something: it shakes hands in ways that
// servers refuse, and asks for pages that might show a secret, at listen_addr and
// at a plain address, if one is given. No answer may hold a secret.
func (e *Env) LookForSecrets(server *Server, plain string, secrets []string, pages ...string) {
	ginkgo.GinkgoHelper()
	e.Handshake(server, SNI(""))
	e.Handshake(server, SNI("other.example.test"))
	for _, page := range append([]string{"/"}, pages...) {
		gomega.Expect(e.GetTLS(server, page)).To(match.ContainNoneOf(secrets))
		if plain != "" {
			gomega.Expect(e.Get(plain, page)).To(match.ContainNoneOf(secrets))
		}
	}
}
