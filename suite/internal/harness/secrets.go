package harness

import (
	"crypto/sha256"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"assay/suite/internal/match"
	"assay/suite/internal/secret"
)

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
		Expect(e.GetTLS(server, page)).To(match.ContainNoneOf(secrets))
		if plain != "" {
			Expect(e.Get(plain, page)).To(match.ContainNoneOf(secrets))
		}
	}
}
