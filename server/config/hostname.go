package config

import (
	"errors"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/idna"
)

// normalise returns a host name in the form of certificates: A-labels (RFC
// 5890), lower case, no trailing dot.
func normalise(host string) (string, error) {
	if _, err := netip.ParseAddr(host); err == nil {
		return "", errors.New("an IP address")
	}
	ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(host, "."))
	if err != nil {
		return "", err
	}
	labels := strings.Split(ascii, ".")
	if len(labels) < 2 || len(ascii) > 253 || slices.ContainsFunc(labels, badLength) {
		return "", errors.New("no fully qualified name")
	}
	return ascii, nil
}

// badLength applies the limits of RFC 1035 §2.3.4.
func badLength(label string) bool { return label == "" || len(label) > 63 }

// sameHost reports whether two spellings name the same host.
func sameHost(a, b string) bool {
	x, errX := normalise(a)
	y, errY := normalise(b)
	return errX == nil && errY == nil && x == y
}
