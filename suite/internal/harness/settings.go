package harness

import (
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"assay/fixtures/pki"
	"assay/suite/internal/match"
	"assay/suite/internal/sut"
)

// Settings are configuration keys and their values, with the names that
// headscale's YAML gives them. A nil value removes a key that a preset sets.
type Settings map[string]any

// With returns a copy of k in which the keys of over replace those of k.
func (k Settings) With(over ...Settings) Settings {
	merged := maps.Clone(k)
	if merged == nil {
		merged = Settings{}
	}
	for _, o := range over {
		maps.Copy(merged, o)
	}
	return merged
}

// challengeListener returns the address at which a server of this configuration
// answers HTTP-01, and whether it answers HTTP-01 at all. An absent key has the
// default that headscale's TLS documentation gives it.
func (k Settings) challengeListener() (address string, expected bool) {
	host := k["tls_letsencrypt_hostname"]
	if host == nil || host == "" || k["tls_letsencrypt_challenge_type"] == "TLS-ALPN-01" {
		return "", false
	}
	if address, _ := k["tls_letsencrypt_listen"].(string); address != "" {
		return address, true
	}
	return ":http", true
}

// challengedElsewhere reports whether a server of this configuration expects
// TLS-ALPN-01 at another port than 443, to which the CA connects (RFC 8737 §3).
func (k Settings) challengedElsewhere() bool {
	address, _ := k["listen_addr"].(string)
	return k["tls_letsencrypt_challenge_type"] == "TLS-ALPN-01" && !strings.HasSuffix(address, ":443")
}

// Plain returns a configuration without any TLS key.
func (e *Env) Plain(over ...Settings) Settings {
	return Settings{
		"server_url":  "http://" + e.Hostname,
		"listen_addr": e.Addr(8080),
	}.With(over...)
}

// Own returns a configuration with a certificate of the operator's own, given by
// absolute paths to files that the caller has written.
func (e *Env) Own(cert, key string, over ...Settings) Settings {
	return Settings{
		"server_url":    "https://" + e.Hostname,
		"listen_addr":   e.Addr(8443),
		"tls_cert_path": cert,
		"tls_key_path":  key,
	}.With(over...)
}

// HTTP01 returns a configuration with a certificate from the spec's CA by
// HTTP-01. Its listen_addr is not at port 443, where the CA would find it:
// autocert attempts tls-alpn-01 first in this mode too.
func (e *Env) HTTP01(over ...Settings) Settings {
	return e.acme("HTTP-01", 8443, Settings{"tls_letsencrypt_listen": e.Addr(5080)}, over...)
}

// ALPN01 returns a configuration with a certificate from the spec's CA by
// TLS-ALPN-01. Its listen_addr is at port 443, to which the CA connects.
func (e *Env) ALPN01(over ...Settings) Settings {
	return e.acme("TLS-ALPN-01", 443, nil, over...)
}

// ACME returns a configuration with a certificate from the spec's CA, by
// [Env.OwnChallenge].
func (e *Env) ACME(over ...Settings) Settings {
	if e.OwnChallenge() == "http-01" {
		return e.HTTP01(over...)
	}
	return e.ALPN01(over...)
}

func (e *Env) acme(challenge string, port int, own Settings, over ...Settings) Settings {
	return Settings{
		"server_url":                     "https://" + e.Hostname,
		"listen_addr":                    e.Addr(port),
		"tls_letsencrypt_hostname":       e.Hostname,
		"tls_letsencrypt_cache_dir":      "cache",
		"tls_letsencrypt_challenge_type": challenge,
		"acme_url":                       e.DirectoryURL(),
		"acme_email":                     "operator@" + e.Hostname,
	}.With(own).With(over...)
}

// OwnChallenge returns the challenge type that the target claims. If it claims
// both types, that is TLS-ALPN-01, which needs no second listener.
func (e *Env) OwnChallenge() string {
	if e.Claims("tls-alpn-01") {
		return "tls-alpn-01"
	}
	return "http-01"
}

// OtherChallenge returns the challenge type that [Env.StartACME] does not
// configure.
func (e *Env) OtherChallenge() string {
	both := []string{"http-01", "tls-alpn-01"}
	return both[1-slices.Index(both, e.OwnChallenge())]
}

// ExpandSettings returns a copy of k in which [Env.Expand] has filled every text.
func (e *Env) ExpandSettings(k Settings) Settings {
	filled := Settings{}
	for key, value := range k {
		if text, ok := value.(string); ok {
			value = e.Expand(text)
		}
		filled[key] = value
	}
	return filled
}

// StartIn starts the target in one of the modes that headscale's TLS
// documentation describes: "plain" (no TLS), "own" (a certificate of the
// operator's own), "http-01" or "tls-alpn-01" (a certificate from the spec's CA).
// It returns the function that fails the spec unless such a server serves, which
// can be called after a signal: a connection that is lost then is tried once more. It
// skips the spec if the target does not claim the mode.
func (e *Env) StartIn(mode string, options ...StartOption) (*Server, func()) {
	ginkgo.GinkgoHelper()
	switch mode {
	case "plain":
		server := e.Start(e.Plain(), options...)
		return server, func() { e.expectPlainHTTPAfterSignal(server) }
	case "own":
		e.NeedsClaim("byo")
		id := e.Identity(pki.Spec{})
		server := e.StartOwn(id, options...)
		return server, func() {
			gomega.Expect(e.HandshakeAfterSignal(server)).To(match.ServeLeaf(id.Leaf))
		}
	}
	server := e.StartBy(mode, options...)
	return server, func() {
		gomega.Expect(e.HandshakeAfterSignal(server)).To(match.HaveFullChainTo(e.CA().Root()))
	}
}

// IsToldToReload reports whether the target declares a signal or a command by which
// it takes up a certificate that was replaced on disk.
func (e *Env) IsToldToReload() bool {
	reload := e.setup.Target.Reload
	return reload.Signal.Signal != 0 || len(reload.Command) > 0
}

// Signal sends a signal to the server. A server that has ended gets none.
func (v *Server) Signal(signal syscall.Signal) {
	ginkgo.GinkgoHelper()
	v.lost = 0
	if err := v.Process.Signal(signal); !errors.Is(err, os.ErrProcessDone) {
		v.s.Must(err)
	}
}

// EndBy sends a signal that should end the server, waits for the end, and returns
// it. A server that is still there after the wait is killed.
func (v *Server) EndBy(signal syscall.Signal) sut.Ending {
	ginkgo.GinkgoHelper()
	ctx, cancel := v.s.within(Patience)
	defer cancel()
	sent := time.Now()
	v.Signal(signal)
	forced := false
	select {
	case <-v.Process.Exited():
	case <-ctx.Done():
		forced = true
		v.Kill()
	}
	ending := v.Process.Ending()
	ending.Took, ending.Killed = time.Since(sent), forced
	return ending
}

// LogSinceReady returns what the server has written since it was ready, in its
// last start.
func (v *Server) LogSinceReady() []sut.Line {
	lines := v.Process.Log().Lines()
	return lines[min(v.ready, len(lines)):]
}
