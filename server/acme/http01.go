package acme

import (
	"net/http"
	"strings"

	"golang.org/x/net/idna"

	"assay/server/config"
)

// ChallengeHandler answers HTTP-01 challenges (RFC 8555 §8.3) and redirects
// everything else to the HTTPS site. The manager tries HTTP-01 only after this
// method was called.
func (s *Source) ChallengeHandler(cfg *config.Config) http.Handler {
	return s.manager.HTTPHandler(redirectTo(site(cfg)))
}

// site returns the HTTPS address of the server: server_url, or the host name if
// server_url is absent or no HTTPS address. A Location field is ASCII, so an
// international host name is written in A-labels (RFC 5890).
func site(cfg *config.Config) string {
	if cfg.ServerURL == nil || cfg.ServerURL.Scheme != "https" {
		return "https://" + cfg.Hostname
	}
	address := *cfg.ServerURL
	address.Host = strings.TrimSuffix(address.Host, ":")
	name := strings.TrimSuffix(address.Hostname(), ".")
	if ascii, err := idna.Lookup.ToASCII(name); err == nil && !strings.Contains(name, ":") {
		address.Host = ascii
		if port := cfg.ServerURL.Port(); port != "" {
			address.Host += ":" + port
		}
	}
	return address.String()
}

// redirectTo keeps path and query and replaces everything before them. The
// redirect is temporary, because browsers could remember a permanent one longer
// than the configuration is valid.
func redirectTo(base string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		uri := r.URL.RequestURI()
		if !strings.HasPrefix(uri, "/") { // such as "*", which must not become part of the host name
			uri = "/"
		}
		status := http.StatusFound
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			status = http.StatusTemporaryRedirect // keeps method and body (RFC 9110 §15.4.8)
		}
		http.Redirect(w, r, base+uri, status)
	})
}
