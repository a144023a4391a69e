package suite

import (
	"maps"
	"strings"
)

// Keys are configuration keys and their values, as headscale's YAML has them.
// A nil value removes a key that a preset would set.
type Keys map[string]any

// with returns k with over laid on top.
func (k Keys) with(over ...Keys) Keys {
	merged := maps.Clone(k)
	if merged == nil {
		merged = Keys{}
	}
	for _, o := range over {
		maps.Copy(merged, o)
	}
	return merged
}

// challengeListener is where a server of this configuration answers HTTP-01,
// if it does (headscale TLS documentation: the defaults).
func (k Keys) challengeListener() (address string, expected bool) {
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
func (k Keys) challengedElsewhere() bool {
	address, _ := k["listen_addr"].(string)
	return k["tls_letsencrypt_challenge_type"] == "TLS-ALPN-01" && !strings.HasSuffix(address, ":443")
}

// Plain is the simplest configuration: no TLS key set.
func (s *Scenario) Plain(over ...Keys) Keys {
	return Keys{
		"server_url":  "http://" + s.Hostname,
		"listen_addr": s.Addr(8080),
	}.with(over...)
}

// Own is a configuration with a certificate of the operator's own, by
// absolute paths to files that the caller has written.
func (s *Scenario) Own(cert, key string, over ...Keys) Keys {
	return Keys{
		"server_url":    "https://" + s.Hostname,
		"listen_addr":   s.Addr(8443),
		"tls_cert_path": cert,
		"tls_key_path":  key,
	}.with(over...)
}

// HTTP01 is a configuration with a certificate from the spec's CA by HTTP-01.
// listen_addr is away from port 443, where the CA would find it: autocert
// offers tls-alpn-01 first in this mode too.
func (s *Scenario) HTTP01(over ...Keys) Keys {
	return s.acme("HTTP-01", 8443, Keys{"tls_letsencrypt_listen": s.Addr(5080)}, over...)
}

// ALPN01 is a configuration with a certificate from the spec's CA by
// TLS-ALPN-01, with listen_addr where the CA looks: at port 443.
func (s *Scenario) ALPN01(over ...Keys) Keys {
	return s.acme("TLS-ALPN-01", 443, nil, over...)
}

// ACME is a configuration with a certificate from the spec's CA, by the
// challenge that the target claims; TLS-ALPN-01 where it claims both, since
// that needs no second listener.
func (s *Scenario) ACME(over ...Keys) Keys {
	if s.Claims("tls-alpn-01") {
		return s.ALPN01(over...)
	}
	return s.HTTP01(over...)
}

func (s *Scenario) acme(challenge string, port int, own Keys, over ...Keys) Keys {
	return Keys{
		"server_url":                     "https://" + s.Hostname,
		"listen_addr":                    s.Addr(port),
		"tls_letsencrypt_hostname":       s.Hostname,
		"tls_letsencrypt_cache_dir":      "cache",
		"tls_letsencrypt_challenge_type": challenge,
		"acme_url":                       s.CA().DirectoryURL(),
		"acme_email":                     "operator@" + s.Hostname,
	}.with(own).with(over...)
}
