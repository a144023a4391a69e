// Package config reads the server's configuration: one YAML file with the keys
// and defaults of headscale's TLS documentation. It reports every mistake of a
// file at once, each with its line and key.
package config

import (
	"fmt"
	"net/url"
)

// Mode says where the served certificate comes from.
type Mode int

const (
	// Plain serves HTTP without TLS: neither an own certificate nor a host name
	// is configured.
	Plain Mode = iota
	// Own serves the pair of tls_cert_path and tls_key_path.
	Own
	// ACME obtains the certificate of tls_letsencrypt_hostname from an ACME CA.
	ACME
)

// ChallengeType is a value of tls_letsencrypt_challenge_type, written exactly
// so.
type ChallengeType string

const (
	// HTTP01 is the challenge of RFC 8555 §8.3.
	HTTP01 ChallengeType = "HTTP-01"
	// TLSALPN01 is the challenge of RFC 8737.
	TLSALPN01 ChallengeType = "TLS-ALPN-01"
)

// ChainCheck is a value of tls_chain_check. It says what happens to an own
// certificate whose chain is not complete.
type ChainCheck string

const (
	// Enforce refuses the pair.
	Enforce ChainCheck = "enforce"
	// Warn logs what is wrong and serves the pair.
	Warn ChainCheck = "warn"
	// Off does not check the chain.
	Off ChainCheck = "off"
)

// Config is a valid configuration: it has the defaults, normalised names, and
// absolute paths.
type Config struct {
	File string // the configuration file, as the user named it

	ServerURL  *url.URL // server_url without a trailing slash; nil if unset
	ListenAddr string   // host:port

	CertPath   string // absolute; empty unless Mode is Own
	KeyPath    string // absolute; empty unless Mode is Own
	ChainCheck ChainCheck

	Hostname      string // in ASCII (A-labels), lower case, no trailing dot; empty unless Mode is ACME
	ACMEListen    string // host:port of the HTTP-01 listener
	CacheDir      string // absolute
	ChallengeType ChallengeType
	ACMEURL       string // the CA's directory (RFC 8555 §7.1.1)
	ACMEEmail     string // contact; may be empty

	lines map[string]int // where a key stands in File; absent keys are missing
}

// Mode reports where the certificate comes from. A valid configuration names at
// most one source.
func (c *Config) Mode() Mode {
	switch {
	case c.Hostname != "":
		return ACME
	case c.CertPath != "":
		return Own
	default:
		return Plain
	}
}

// At returns the place of a key for a message: "FILE:LINE: KEY", or "FILE: KEY"
// if the key is absent.
func (c *Config) At(key string) string {
	if line := c.lines[key]; line > 0 {
		return fmt.Sprintf("%s:%d: %s", c.File, line, key)
	}
	return fmt.Sprintf("%s: %s", c.File, key)
}
