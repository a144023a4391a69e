package acme

import (
	"log"
	"net/http"
	"strings"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"assay/server/config"
)

// newManager configures autocert. Renewal keeps the library's own schedule: at the lesser of 30 days and a third of
// the lifetime before the end.
func newManager(cfg *config.Config, logger *log.Logger) *autocert.Manager {
	return &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		Cache:      cache{autocert.DirCache(cfg.CacheDir), logger},
		HostPolicy: autocert.HostWhitelist(cfg.Hostname),
		Email:      cfg.ACMEEmail,
		Client: &acme.Client{
			DirectoryURL: cfg.ACMEURL,
			HTTPClient:   &http.Client{Transport: newTransport(soundChains{http.DefaultTransport}, strings.ToLower(string(cfg.ChallengeType)), logger)},
		},
	}
}
