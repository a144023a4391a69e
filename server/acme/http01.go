package acme

import (
	"net/http"
	"strings"

	"assay/server/config"
)

// ChallengeHandler answers HTTP-01 challenges (RFC 8555 §8.3) and sends everything else to the HTTPS site. Calling
// it is what lets the manager try HTTP-01.
func (s *Source) ChallengeHandler(cfg *config.Config) http.Handler {
	return s.manager.HTTPHandler(redirectTo(site(cfg)))
}

// site is the HTTPS address of the server: server_url or, where that is absent or no HTTPS address, the host name.
func site(cfg *config.Config) string {
	if cfg.ServerURL == nil || cfg.ServerURL.Scheme != "https" {
		return "https://" + cfg.Hostname
	}
	return cfg.ServerURL.String()
}

// redirectTo keeps path and query and replaces what stands before them. The redirect is a temporary one: browsers
// would remember a permanent one longer than the configuration may last.
func redirectTo(base string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		uri := r.URL.RequestURI()
		if !strings.HasPrefix(uri, "/") { // "*" and the like must not become part of the host's name
			uri = "/"
		}
		status := http.StatusFound
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			status = http.StatusTemporaryRedirect // keeps method and body (RFC 9110 §15.4.8)
		}
		http.Redirect(w, r, base+uri, status)
	})
}
