package serve

import (
	"log"
	"strings"
	"time"

	"assay/server/internal/logline"
)

const (
	// maxClientText is the length in characters of the longest line whose text a
	// client can choose.
	maxClientText = 300
	// maxLine is the limit for all other lines, such as those that quote the CA.
	maxLine = 4000

	// Clients that fail get this many lines at once, and one more for each
	// period.
	burst  = 1000
	period = 10 * time.Second
)

// clientLog returns the log for the messages of package http. Clients choose a
// part of their text, such as the protocols that they offer by ALPN, and can cause
// any number of them. Therefore length and number are bounded.
func clientLog(logger *log.Logger) *log.Logger {
	return logline.Limit(logline.Edit(logger, boundLine), burst, period)
}

func boundLine(line string) string {
	most := maxClientText
	if mayBeLong(line) {
		most = maxLine
	}
	return logline.Shorten(line, most)
}

// mayBeLong reports whether the line has another subject than what the client
// sent: a panic, or a handshake that failed because the CA did. The errors of
// package tls, and those of the certificate manager about a name, quote the
// client.
func mayBeLong(line string) bool {
	if strings.HasPrefix(line, "http: panic serving ") {
		return true
	}
	_, reason, found := strings.Cut(line, "TLS handshake error from ")
	if !found {
		return false
	}
	_, reason, _ = strings.Cut(reason, ": ")
	return !strings.HasPrefix(reason, "tls: ") && !strings.HasPrefix(reason, "acme/autocert: ")
}
