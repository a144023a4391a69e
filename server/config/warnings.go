package config

import (
	"crypto/x509"
	"fmt"
	"net"
)

// Warnings returns one line for each setting that is legal but probably a
// mistake. The server runs nevertheless.
func (c *Config) Warnings() []string {
	var warnings []string
	for _, check := range []func(*Config) string{schemeWarning, hostnameWarning, portWarning} {
		if w := check(c); w != "" {
			warnings = append(warnings, w)
		}
	}
	return warnings
}

func schemeWarning(c *Config) string {
	scheme, because := "https", "TLS is configured"
	if c.Mode() == Plain {
		scheme, because = "http", "no TLS is configured"
	}
	if c.ServerURL == nil || c.ServerURL.Scheme == scheme {
		return ""
	}
	return fmt.Sprintf("%s: found %q, expected %s:// because %s",
		c.At(KeyServerURL), c.ServerURL, scheme, because)
}

func hostnameWarning(c *Config) string {
	if c.Mode() != ACME || c.ServerURL == nil || sameHost(c.Hostname, c.ServerURL.Hostname()) {
		return ""
	}
	return fmt.Sprintf("%s: found %q, expected the host of %s, which is %q",
		c.At(KeyHostname), c.Hostname, KeyServerURL, c.ServerURL.Hostname())
}

// portWarning warns of a port other than 443 for TLS-ALPN-01. A CA validates on
// port 443 alone (RFC 8737 §3), so another port needs a forward.
func portWarning(c *Config) string {
	if c.Mode() != ACME || c.ChallengeType != TLSALPN01 || port(c.ListenAddr) == 443 {
		return ""
	}
	return fmt.Sprintf("%s: found %q, expected port 443 for challenge type %s, "+
		"unless port 443 is forwarded to it", c.At(KeyListenAddr), c.ListenAddr, TLSALPN01)
}

// NameWarning returns a warning if an own certificate does not list the host of
// server_url, and an empty text otherwise. Clients that connect to server_url
// do not accept such a certificate (RFC 9525 §6). It may be meant for other
// names.
func (c *Config) NameWarning(leaf *x509.Certificate) string {
	if c.ServerURL == nil {
		return ""
	}
	host := c.ServerURL.Hostname()
	if ascii, err := normalise(host); err == nil {
		host = ascii
	}
	if leaf.VerifyHostname(host) == nil {
		return ""
	}
	return fmt.Sprintf("%s: found %q, expected a host that the certificate in %s lists",
		c.At(KeyServerURL), c.ServerURL, c.CertPath)
}

// port returns the port of a validated address as a number.
func port(address string) int {
	_, service, _ := net.SplitHostPort(address)
	number, _ := net.LookupPort("tcp", service)
	return number
}
