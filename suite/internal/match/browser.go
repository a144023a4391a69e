package match

import (
	"crypto/x509"
	"strings"
	"time"

	"github.com/onsi/gomega/types"

	"assay/suite/internal/browser"
)

// ShowDates succeeds if the browser found nothing wrong with the page, and
// shows the dates of this certificate.
func ShowDates(cert *x509.Certificate) types.GomegaMatcher {
	if cert == nil {
		cert = &x509.Certificate{}
	}
	want := browser.Visit{Security: "secure", From: cert.NotBefore.UTC(), To: cert.NotAfter.UTC()}
	expected := "a page that the browser accepts: " + want.String()
	return match(expected, func(v browser.Visit) (bool, string) {
		v.Began = time.Time{}
		return v == want, v.String()
	})
}

// BeRefusedByBrowser succeeds if the browser does not trust the issuer of the
// certificate.
func BeRefusedByBrowser() types.GomegaMatcher {
	expected := "a page that the browser refuses because of its certificate"
	return match(expected, func(v browser.Visit) (bool, string) {
		return strings.HasPrefix(v.Refused, "net::ERR_CERT_"), v.String()
	})
}
