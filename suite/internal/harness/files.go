package harness

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"assay/fixtures/pki"
	"assay/suite/internal/limits"
	"assay/suite/internal/match"
	"assay/suite/internal/secret"
	"assay/suite/internal/storage"
)

// Identity mints a certificate for the spec's hostname, unless the
// specification names others or, by a list that is empty but there, none.
func (e *Env) Identity(spec pki.Spec) *pki.Identity {
	ginkgo.GinkgoHelper()
	if spec.Names == nil {
		spec.Names = []string{e.Hostname}
	}
	return e.identity(pki.New(spec))
}

// identity takes down an identity that was minted for the spec.
func (e *Env) identity(id *pki.Identity, err error) *pki.Identity {
	ginkgo.GinkgoHelper()
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
	e.Must(e.below.MkdirAll(e.Path(dir), 0o700))
	e.Must(e.below.WriteFile(e.Path(dir, pki.AutocertCacheName(e.Hostname, id)), entry, 0o600))
	return id
}

// WithRSAKey gives a certificate an RSA key.
func WithRSAKey(spec *pki.Spec) { spec.Key = pki.RSA2048 }

// Link makes a symbolic link below the spec's directory; to is what the link
// says.
func (e *Env) Link(name, to string) {
	ginkgo.GinkgoHelper()
	path := e.Path(name)
	e.Must(e.below.MkdirAll(filepath.Dir(path), 0o755))
	e.Must(e.below.Symlink(to, path))
}

// MkDir makes a directory below the spec's.
func (e *Env) MkDir(name string) {
	ginkgo.GinkgoHelper()
	e.Must(e.below.MkdirAll(e.Path(name), 0o755))
}

// MkCacheDir makes a directory below the spec's for the target's cache: nobody else may look
// into it, as a server may demand.
func (e *Env) MkCacheDir(name string) {
	ginkgo.GinkgoHelper()
	e.Must(e.below.MkdirAll(e.Path(name), 0o700))
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
	case "key-first": // as haproxy's and nginx's operators join them
		both := slices.Concat(keyText, chainText)
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
		for _, text := range []*[]byte{&chainText, &keyText} {
			*text = bytes.ReplaceAll(*text, []byte("\n"), []byte("\r\n"))
		}
	default:
		e.Must(fmt.Errorf("form %q of a pair: expected one that the spec knows", form))
	}
	return e.Write("cert.pem", chainText), e.Write("key.pem", keyText)
}

// NewFiles returns the spec's files that were not there before, except the
// target's own state.
func (e *Env) NewFiles(before []string) []string {
	return slices.DeleteFunc(e.Files(), func(path string) bool {
		return slices.Contains(before, path) || e.owned(path)
	})
}

// ListBeforeStart returns a list and a start option that fills it with the spec's
// files, after Assay has written its own and before the server runs.
func (e *Env) ListBeforeStart() (*[]string, StartOption) {
	before := new([]string)
	return before, ChangeConfig(func(string) error {
		*before = e.Files()
		return nil
	})
}

// Strays returns the new files (see [Env.NewFiles]) outside a directory of the
// spec's that contain one of these texts. A file that is gone by now contains
// none.
func (e *Env) Strays(before []string, dir string, texts []string) []string {
	return slices.DeleteFunc(e.NewFiles(before), func(name string) bool {
		return strings.HasPrefix(name, dir+"/") || !e.holdsAny(name, texts)
	})
}

// holdsAny reports whether a file of the spec's directory contains one of these
// texts.
func (e *Env) holdsAny(name string, texts []string) bool {
	info, err := e.below.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	content, _ := e.below.ReadFile(name, limits.File) // what cannot be read holds nothing
	return slices.ContainsFunc(texts, func(text string) bool {
		return bytes.Contains(content, []byte(text))
	})
}

// owned reports whether a file is the target's own, or was made for one of its
// starts.
func (e *Env) owned(path string) bool {
	return e.setup.Target.Owns(path) || slices.ContainsFunc(e.servers, func(v *Server) bool {
		return v.launch.Owns(path)
	})
}

// Files lists what lies below the spec's directory, without directories.
func (e *Env) Files() []string { return e.FilesBelow(".") }

// CoverageDir is the directory, below that of the spec, in which a target that was built by
// "go build -cover" leaves what it covered.
const CoverageDir = "go-coverage"

// FilesBelow lists what lies below a directory of the spec's, without directories and without
// coverage data. The names are relative to the directory of the spec.
func (e *Env) FilesBelow(dir string) []string {
	ginkgo.GinkgoHelper()
	var paths []string
	e.Must(e.below.Walk(dir, func(name string, entry fs.DirEntry) error {
		if !entry.IsDir() && !(e.setup.Covdata != "" && path.Dir(name) == CoverageDir) {
			paths = append(paths, name)
		}
		return nil
	}))
	return paths
}

// CacheExpiring puts a certificate of 90 days of which 29 are left into the cache:
// the first handshake sets off its renewal.
func (e *Env) CacheExpiring() *pki.Identity {
	ginkgo.GinkgoHelper()
	return e.CacheCertificate("cache", 29*match.Day, 90*match.Day)
}

// SecretsBelow returns the private keys in the files below a directory of the
// spec's, in every form in which a log, an answer or another file might hold them:
// see [secret.Forms]. It returns nothing for a server that keeps no keys there.
func SecretsBelow(e *Env, dir string) (secrets []string) {
	secrets, err := e.findSecrets(dir)
	e.Must(err)
	return secrets
}

// KeysAlone leaves out the ends of key authorizations among the secrets. They are to be in
// no log, but a server may answer a challenge with one (RFC 8555 §8.3).
func KeysAlone(secrets []string) []string {
	return slices.DeleteFunc(slices.Clone(secrets), func(s string) bool {
		return strings.HasPrefix(s, ".")
	})
}

// findSecrets returns what [SecretsBelow] does, from as many files as the limits allow.
// If there is more, it also returns an error.
func (e *Env) findSecrets(dir string) (secrets []string, err error) {
	if e.below == nil { // the environment could not be opened
		return nil, nil
	}
	err = e.below.Contents(dir, limits.KeyFile, func(_ string, content []byte) {
		if len(secrets)+len(e.known) < limits.Secrets {
			secrets = append(secrets, e.keyForms(content)...)
			e.known = append(e.known, secret.Written(content)...) // for redaction
		}
	})
	slices.Sort(secrets)
	secrets = slices.Compact(secrets)
	e.known = append(e.known, secrets...)
	slices.Sort(e.known)
	e.known = slices.Compact(e.known)
	return secrets, err
}

// Remove removes a file or a directory of the spec's with all that it holds.
func (e *Env) Remove(name string) {
	ginkgo.GinkgoHelper()
	e.Must(e.below.RemoveAll(name))
}

// Copy copies a file of the spec's, if it is there.
func (e *Env) Copy(from, to string) {
	ginkgo.GinkgoHelper()
	content, err := e.below.ReadFile(from, limits.File)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	e.Must(err)
	e.Must(e.below.WriteFile(to, content, 0o600))
}

// Read returns the content of a file of the spec's.
func (e *Env) Read(name string) []byte {
	ginkgo.GinkgoHelper()
	content, err := e.below.ReadFile(name, limits.File)
	e.Must(err)
	return content
}

// keyForms returns [secret.Forms], computed once for each content of a file.
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

// LookForSecrets makes the server log something: it shakes hands in ways that
// servers refuse, and asks for pages that might show a secret, at listen_addr and
// at a plain address, if one is given. No answer may hold a secret.
func (e *Env) LookForSecrets(server *Server, plain string, secrets []string, pages ...string) {
	ginkgo.GinkgoHelper()
	e.Handshake(server, SNI(""))
	e.Handshake(server, SNI("other.example.test"))
	for _, page := range append(append([]string{"/"}, pages...), e.pagesOfKeys()...) {
		gomega.Expect(e.GetTLS(server, page)).To(match.ContainNoneOf(secrets))
		if plain != "" {
			gomega.Expect(e.Get(plain, page)).To(match.ContainNoneOf(secrets))
		}
	}
}

// pagesOfKeys returns pages with the names of the files that hold keys, as a server of
// files has them whose root is the spec's directory.
func (e *Env) pagesOfKeys() (pages []string) {
	ginkgo.GinkgoHelper()
	e.Must(e.below.Contents(".", limits.KeyFile, func(name string, content []byte) {
		if len(pages) < pagesAtMost && bytes.Contains(content, []byte("PRIVATE KEY")) {
			pages = append(pages, "/"+(&url.URL{Path: filepath.ToSlash(name)}).EscapedPath())
		}
	}))
	return pages
}

const pagesAtMost = 8

// Mode returns the permissions of a file of the spec's; 0 if there is no regular file.
func (e *Env) Mode(name string) fs.FileMode {
	info, err := e.below.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return 0
	}
	return info.Mode().Perm()
}

// FilesOfCache lists what the server has stored in its cache directory.
func (e *Env) FilesOfCache(dir string) []string {
	ginkgo.GinkgoHelper()
	if info, err := e.below.Lstat(dir); err != nil || !info.IsDir() {
		return nil
	}
	return slices.DeleteFunc(e.FilesBelow(dir), func(name string) bool {
		return filepath.Base(name) == storage.OtherFile
	})
}
