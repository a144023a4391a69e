package suite

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	"assay/suite/internal/sut"
	"assay/suite/internal/wire"
)

// secretsBelow are the private keys in the PEM files below a directory of the
// spec's, in every form in which a log might hold them: the file's own lines,
// and the key in base64, in its alphabet for URLs, and in hexadecimal. A server
// that keeps nothing there has no secret there.
func secretsBelow(s *Scenario, dir string) (secrets []string) {
	s.must(filepath.WalkDir(s.Path(dir), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return leftOut(err)
		}
		text, err := os.ReadFile(path)
		secrets = append(secrets, privateKeys(text)...)
		return leftOut(err)
	}))
	for _, secret := range secrets {
		if !slices.Contains(s.known, secret) {
			s.known = append(s.known, secret)
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

// lookForSecrets does what makes servers say something: it shakes hands in ways
// that they refuse, and asks for pages that might show a secret, at listen_addr
// and at a plain address, if one is given.
func (s *Scenario) lookForSecrets(server *Server, plain string, secrets []string, pages ...string) {
	ginkgo.GinkgoHelper()
	s.Handshake(server, SNI(""))
	s.Handshake(server, SNI("other.example.test"))
	for _, page := range append([]string{"/"}, pages...) {
		Expect(s.GetTLS(server, page)).To(HoldNone(secrets))
		if plain != "" {
			Expect(s.Get(plain, page)).To(HoldNone(secrets))
		}
	}
}

// LogNone: the server has never written any of these secrets, nor a key
// authorisation. It has stopped: its log is complete. The message does not show
// them.
func LogNone(secrets []string) types.GomegaMatcher {
	return match("a log without a private key, a token or a key authorisation", func(log []sut.Line) (bool, string) {
		for _, l := range log {
			if line, found := spilled(l.Words(), secrets); found {
				return false, "a secret in a line of the log: " + line
			}
		}
		return true, "none"
	})
}

// TellNone is [LogNone] for what was written along with a refusal.
func TellNone(secrets []string) types.GomegaMatcher {
	return match("a refusal that shows no private key", func(r *Refusal) (bool, string) {
		line, found := spilled(r.Log, secrets)
		return !found, "a secret in a line of the log: " + line
	})
}

// HoldNone: an HTTP response without any of these secrets, nor another private
// key.
func HoldNone(secrets []string) types.GomegaMatcher {
	return match("an HTTP response without a private key, a token or a key authorisation", func(r *wire.Response) (bool, string) {
		if r.Err != nil {
			return false, r.Err.Error()
		}
		_, found := spilled(r.Body+fmt.Sprint(r.Header), secrets)
		return !found && !strings.Contains(r.Body, "PRIVATE KEY"), fmt.Sprintf("status %d of %s", r.Status, r.Request.Target)
	})
}

// keyAuthorization is what the answer to a challenge looks like (RFC 8555
// §8.1): token, dot, thumbprint. What goes on with another dot is something
// else, a JSON Web Token say.
var keyAuthorization = regexp.MustCompile(`(^|[^A-Za-z0-9_.-])[A-Za-z0-9_-]{22,}\.[A-Za-z0-9_-]{43}($|[^A-Za-z0-9_.-])`)

// spilled returns the first line of a text that holds a secret, with every
// secret in it masked.
func spilled(text string, secrets []string) (line string, found bool) {
	for line := range strings.Lines(text) {
		masked := keyAuthorization.ReplaceAllString(line, "${1}[secret]${2}")
		for _, secret := range secrets {
			masked = strings.ReplaceAll(masked, secret, "[secret]")
		}
		if masked != line {
			return strings.TrimSpace(masked), true
		}
	}
	return "", false
}
