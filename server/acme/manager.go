package acme

import (
	"log"
	"net/http"
	"strings"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"assay/server/config"
)

// newManager configures autocert. The manager renews on its own schedule: at the
// lesser of 30 days and a third of the lifetime before the end.
func newManager(cfg *config.Config, logger *log.Logger) *autocert.Manager {
	stored := cache{autocert.DirCache(cfg.CacheDir), logger}
	return &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		Cache:      newRetaining(stored, cfg.CacheDir, logger),
		HostPolicy: autocert.HostWhitelist(cfg.Hostname),
		Email:      cfg.ACMEEmail,
		Client: &acme.Client{
			DirectoryURL: cfg.ACMEURL,
			HTTPClient:   &http.Client{Transport: newRoundTripper(cfg, logger)},
		},
	}
}

// newRoundTripper returns what stands between the ACME client and the CA.
func newRoundTripper(cfg *config.Config, logger *log.Logger) http.RoundTripper {
	kind := strings.ToLower(string(cfg.ChallengeType))
	return &onlyChallenge{
		next: newTransport(newGate(soundChains{http.DefaultTransport}), kind, logger),
		kind: kind,
		log:  logger,
	}
}
