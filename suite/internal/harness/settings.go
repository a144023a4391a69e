package harness

import (
	"maps"
	"slices"
	"strings"
)

// Keys are configuration keys and their values, as headscale's YAML has them.
// A nil value removes a key that a preset would set.
type Settings map[string]any

// With returns k with over laid on top.
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

// challengeListener is where a server of this configuration answers HTTP-01,
// if it does (headscale TLS documentation: the defaults).
func (k Settings) challengeListener() (address string, expected bool) {
	host := k["tls_letsencrypt_hostname"]
	if host == nil || host == "" || k["tls_letsencrypt_challenge_type"] == "TLS-ALPN-01" {
		return "", false
	}
	if address, ok := k["tls_letsencrypt_listen"].(string); ok {
		return address, true
	}
	return ":http", true
}

// challengedElsewhere says that the CA comes to another port, 443, than a
// server of this configuration listens at for TLS-ALPN-01 (RFC 8737 §3).
func (k Settings) challengedElsewhere() bool {
	address, _ := k["listen_addr"].(string)
	return k["tls_letsencrypt_challenge_type"] == "TLS-ALPN-01" && !strings.HasSuffix(address, ":443")
}

// Plain is the simplest configuration: no TLS key set.
func (e *Env) Plain(over ...Settings) Settings {
	return Settings{
		"server_url":  "http://" + e.Hostname,
		"listen_addr": e.Addr(8080),
	}.With(over...)
}

// Own is a configuration with a certificate of the operator's own, by
// absolute paths to files that the caller has written.
func (e *Env) Own(cert, key string, over ...Settings) Settings {
	return Settings{
		"server_url":    "https://" + e.Hostname,
		"listen_addr":   e.Addr(8443),
		"tls_cert_path": cert,
		"tls_key_path":  key,
	}.With(over...)
}

// HTTP01 is a configuration with a certificate from the spec's CA by HTTP-01.
// listen_addr is away from port 443, where the CA would find it: autocert
// offers tls-alpn-01 first in this mode too.
func (e *Env) HTTP01(over ...Settings) Settings {
	return e.acme("HTTP-01", 8443, Settings{"tls_letsencrypt_listen": e.Addr(5080)}, over...)
}

// ALPN01 is a configuration with a certificate from the spec's CA by
// TLS-ALPN-01, with listen_addr where the CA looks: at port 443.
func (e *Env) ALPN01(over ...Settings) Settings {
	return e.acme("TLS-ALPN-01", 443, nil, over...)
}

// ACME is a configuration with a certificate from the spec's CA, by the
// challenge that the target claims; TLS-ALPN-01 where it claims both, since
// that needs no second listener.
func (e *Env) ACME(over ...Settings) Settings {
	if e.Claims("tls-alpn-01") {
		return e.ALPN01(over...)
	}
	return e.HTTP01(over...)
}

func (e *Env) acme(challenge string, port int, own Settings, over ...Settings) Settings {
	return Settings{
		"server_url":                     "https://" + e.Hostname,
		"listen_addr":                    e.Addr(port),
		"tls_letsencrypt_hostname":       e.Hostname,
		"tls_letsencrypt_cache_dir":      "cache",
		"tls_letsencrypt_challenge_type": challenge,
		"acme_url":                       e.CA().DirectoryURL(),
		"acme_email":                     "operator@" + e.Hostname,
	}.With(own).With(over...)
}

// OwnChallenge is the challenge type by which [Env.StartACME] lets the
// target prove its name, and otherChallenge the one that it has not configured.
func (e *Env) OwnChallenge() string {
	if e.Claims("tls-alpn-01") {
		return "tls-alpn-01"
	}
	return "http-01"
}

func (e *Env) OtherChallenge() string {
	both := []string{"http-01", "tls-alpn-01"}
	return both[1-slices.Index(both, e.OwnChallenge())]
}
