package match

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/onsi/gomega/types"

	"assay/suite/internal/sut"
	"assay/suite/internal/wire"
)

// HoldNoSecret succeeds if no key and no certificate from a file is in the response.
// A key authorization is no secret: whoever asks as the CA does gets it (RFC 8555
// §8.3).
func HoldNoSecret() types.GomegaMatcher {
	expected := "a response without a key or a certificate from a file"
	return match(expected, func(r *wire.Response) (bool, string) {
		secret := strings.Contains(r.Body, "PRIVATE KEY") || strings.Contains(r.Body, "BEGIN CERTIFICATE")
		return !secret, describeResponse(r)
	})
}

// LogNone succeeds if the server has never written any of these secrets but within
// one of the texts that are public. The server must have stopped, so that its log
// is complete. The message does not show the secrets.
func LogNone(secrets []string, public ...string) types.GomegaMatcher {
	const expected = "a log without a private key, a token or a key authorization"
	return match(expected, func(log []sut.Line) (bool, string) {
		find := finder(secrets)
		for _, l := range log {
			words := strings.ReplaceAll(l.Words(), `\/`, "/") // as some write it in JSON
			for _, text := range public {
				words = strings.ReplaceAll(words, text, "[public]")
			}
			if line, found := find(words); found {
				return false, "a secret in a line of the log: " + line
			}
		}
		return true, "none"
	})
}

// ShowNoSecret succeeds if nothing that was written along with a refusal holds one
// of these secrets.
func ShowNoSecret(secrets []string) types.GomegaMatcher {
	return match("a refusal that shows no private key", func(r *Refusal) (bool, string) {
		line, found := finder(secrets)(r.Log)
		return !found, "a secret in a line of the log: " + line
	})
}

// ContainNoneOf succeeds if an HTTP response holds none of these secrets, and no
// other private key. A server that does not answer shows none.
func ContainNoneOf(secrets []string) types.GomegaMatcher {
	const expected = "an HTTP response without a private key, a token or a key authorization"
	return match(expected, func(r *wire.Response) (bool, string) {
		_, found := finder(secrets)(r.Body + fmt.Sprint(r.Header))
		seen := fmt.Sprintf("a secret in the answer with status %d to %s", r.Status, r.Request.Target)
		return !found && !strings.Contains(r.Body, "PRIVATE KEY-----"), seen
	})
}

// finder returns a function that returns the first line of a text that holds a
// secret, with every secret in it masked. The function takes time proportional to
// the length of the text, however many secrets there are.
func finder(secrets []string) func(text string) (line string, found bool) {
	unique := map[string]bool{}
	for _, secret := range secrets {
		unique[secret] = secret != ""
	}
	var pairs []string
	// Of two secrets that begin alike, the longer one is masked.
	sorted := slices.SortedFunc(maps.Keys(unique), func(a, b string) int { return len(b) - len(a) })
	for _, secret := range sorted {
		if secret != "" {
			pairs = append(pairs, secret, "[secret]")
		}
	}
	replacer := strings.NewReplacer(pairs...)
	return func(text string) (string, bool) {
		masked := replacer.Replace(text)
		if masked == text {
			return "", false
		}
		// A secret may go over several lines: the first one that differs counts.
		rest := text
		for line := range strings.Lines(masked) {
			var original string
			if end := strings.IndexByte(rest, '\n'); end >= 0 {
				original, rest = rest[:end+1], rest[end+1:]
			} else {
				original, rest = rest, ""
			}
			if line != original {
				return strings.TrimSpace(line), true
			}
		}
		return "[secret]", true
	}
}
