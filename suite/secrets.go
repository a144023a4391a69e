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
	"strings"

	"github.com/onsi/gomega/types"

	"assay/suite/wire"
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
			if line = bytes.TrimSpace(line); !bytes.HasPrefix(line, []byte("-----")) {
				secrets = append(secrets, string(line))
			}
		}
	}
	return secrets
}

// LogNone: the server has never written any of these secrets. The message does
// not show them.
func LogNone(secrets []string) types.GomegaMatcher {
	return match("a log without a private key, a token or a key authorisation", func(v *Server) (bool, string) {
		for _, log := range v.logs() {
			for _, line := range log.Lines() {
				if secret, found := anyOf(secrets, line.Words()); found {
					return false, "a secret in a line of the log: " + strings.ReplaceAll(line.Words(), secret, "[secret]")
				}
			}
		}
		return true, "none"
	})
}

// HoldNone: an HTTP response without any of these secrets, nor another private
// key.
func HoldNone(secrets []string) types.GomegaMatcher {
	return match("an HTTP response without a private key, a token or a key authorisation", func(r *wire.Response) (bool, string) {
		if r.Err != nil {
			return false, r.Err.Error()
		}
		_, found := anyOf(secrets, r.Body+fmt.Sprint(r.Header))
		return !found && !strings.Contains(r.Body, "PRIVATE KEY"), fmt.Sprintf("status %d of %s", r.Status, r.Request.Target)
	})
}

func anyOf(secrets []string, text string) (string, bool) {
	for _, secret := range secrets {
		if strings.Contains(text, secret) {
			return secret, true
		}
	}
	return "", false
}
