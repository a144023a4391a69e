package harness

import (
	"bytes"
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
		secrets = append(secrets,
			base64.StdEncoding.EncodeToString(block.Bytes),
			base64.RawURLEncoding.EncodeToString(block.Bytes),
			hex.EncodeToString(block.Bytes))
		for line := range bytes.Lines(pem.EncodeToMemory(block)) {
			// The last line of a key may be so short that it stands elsewhere too.
			if line = bytes.TrimSpace(line); len(line) >= 16 && !bytes.HasPrefix(line, []byte("-----")) {
				secrets = append(secrets, string(line))
			}
		}
	}
	return secrets
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
