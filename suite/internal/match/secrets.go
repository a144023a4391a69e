package match

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/onsi/gomega/types"

	"assay/suite/internal/sut"
	"assay/suite/internal/wire"
)

// HoldNoSecret: nothing in the response comes from a key or cache file.
func HoldNoSecret() types.GomegaMatcher {
	return match("a response without anything from a key or cache file", func(r *wire.Response) (bool, string) {
		inPEM := strings.Contains(r.Body, "PRIVATE KEY") || strings.Contains(r.Body, "BEGIN CERTIFICATE")
		return !inPEM && !keyAuthorization.MatchString(r.Body), describeResponse(r)
	})
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

// ShowNoSecret is [LogNone] for what was written along with a refusal.
func ShowNoSecret(secrets []string) types.GomegaMatcher {
	return match("a refusal that shows no private key", func(r *Refusal) (bool, string) {
		line, found := spilled(r.Log, secrets)
		return !found, "a secret in a line of the log: " + line
	})
}

// ContainNoneOf: an HTTP response without any of these secrets, nor another private
// key.
func ContainNoneOf(secrets []string) types.GomegaMatcher {
	return match("an HTTP response without a private key, a token or a key authorisation", func(r *wire.Response) (bool, string) {
		// A server that hangs up has shown what arrived before, and no more.
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
