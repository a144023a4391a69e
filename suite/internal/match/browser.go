package match

import (
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"github.com/onsi/gomega/types"
)

// Visit is what a browser made of a page.
type Visit struct {
	Silence  error  // it has asked for the page, and waited in vain
	Refused  string // its error, such as "net::ERR_CERT_AUTHORITY_INVALID"; empty if it took the page
	Security string // "secure" if it found nothing wrong
	// From and To are the dates of the certificate that it shows.
	From, To time.Time
}

// String tells it for messages.
func (v Visit) String() string {
	if v.Silence != nil {
		return v.Silence.Error()
	}
	if v.Refused != "" {
		return "refused: " + v.Refused
	}
	return fmt.Sprintf("%s, valid from %s to %s", v.Security, v.From.Format(time.RFC3339), v.To.Format(time.RFC3339))
}

// ShowDates: the browser found nothing wrong with the page, and shows the
// dates of this certificate.
func ShowDates(cert *x509.Certificate) types.GomegaMatcher {
	if cert == nil {
		cert = &x509.Certificate{}
	}
	want := Visit{Security: "secure", From: cert.NotBefore.UTC(), To: cert.NotAfter.UTC()}
	return match("a page that the browser takes: "+want.String(), func(v Visit) (bool, string) {
		return v == want, v.String()
	})
}

// BeRefusedByBrowser: the browser does not trust who issued the certificate.
func BeRefusedByBrowser() types.GomegaMatcher {
	return match("a page that the browser refuses for its certificate", func(v Visit) (bool, string) {
		return strings.HasPrefix(v.Refused, "net::ERR_CERT_"), v.String()
	})
}
