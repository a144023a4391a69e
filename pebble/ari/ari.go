// Package ari holds what a CA says about the renewal of its certificates (RFC 9773).
package ari

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// An Info is the renewal information for one certificate (RFC 9773 §4.2).
type Info struct {
	// Start and End bound the window in which the CA suggests to renew. A window that ends
	// before it begins is invalid.
	Start, End time.Time
	// ExplanationURL names a page about the window. Empty means that there is none.
	ExplanationURL string
	// RetryAfter is the time after which clients ask again (RFC 9773 §4.3.1), in whole
	// seconds. Zero means DefaultRetryAfter.
	RetryAfter time.Duration
}

// DefaultRetryAfter is when clients of Let's Encrypt and of Pebble ask again.
const DefaultRetryAfter = 6 * time.Hour

// shortLife is the lifetime from which on Let's Encrypt suggests the last third of it,
// and no longer the second half.
const shortLife = 10 * 24 * time.Hour

// Usual returns what Let's Encrypt says: a window around the moment when a third of the
// lifetime is left, or half of one that is shorter than ten days.
func Usual(cert *x509.Certificate) Info {
	life := cert.NotAfter.Sub(cert.NotBefore)
	left := life / 3
	if life < shortLife {
		left = life / 2
	}
	ideal, margin := cert.NotAfter.Add(-left), life/100
	return Info{Start: ideal.Add(-margin), End: ideal.Add(margin)}
}

// Revoked returns what a CA says of a certificate that was revoked: a window that is over,
// so that clients renew at once.
func Revoked(now time.Time) Info {
	return Info{Start: now.Add(-2 * time.Hour), End: now.Add(-time.Hour)}
}

// MarshalJSON writes the object that clients get.
func (i Info) MarshalJSON() ([]byte, error) {
	var object struct {
		SuggestedWindow struct {
			Start time.Time `json:"start"`
			End   time.Time `json:"end"`
		} `json:"suggestedWindow"`
		ExplanationURL string `json:"explanationURL,omitempty"`
	}
	object.SuggestedWindow.Start = i.Start.UTC().Truncate(time.Second)
	object.SuggestedWindow.End = i.End.UTC().Truncate(time.Second)
	object.ExplanationURL = i.ExplanationURL
	return json.Marshal(object)
}

// ID returns the identifier of a certificate: its authority key identifier and its serial
// number (RFC 9773 §4.1).
func ID(cert *x509.Certificate) string {
	return encode(cert.AuthorityKeyId) + "." + encode(content(cert.SerialNumber))
}

// content returns the content of the DER encoding of a positive integer: a byte of zero
// comes first if the first bit of the number would be read as its sign.
func content(n *big.Int) []byte {
	digits := n.Bytes()
	if len(digits) == 0 || digits[0]&0x80 != 0 {
		digits = append([]byte{0}, digits...)
	}
	return digits
}

func encode(octets []byte) string { return base64.RawURLEncoding.EncodeToString(octets) }

// Serial returns the serial number in the identifier of a certificate. The error says that
// the identifier has another form than [ID] gives it.
func Serial(id string) (*big.Int, error) {
	key, number, _ := strings.Cut(id, ".")
	_, err := base64.RawURLEncoding.DecodeString(key)
	octets, wrong := base64.RawURLEncoding.DecodeString(number)
	serial := new(big.Int).SetBytes(octets)
	if key == "" || err != nil || wrong != nil || !bytes.Equal(octets, content(serial)) {
		return nil, fmt.Errorf("certificate identifier %q: expected a key identifier and a serial "+
			"number, both in base64url without padding, joined by a dot", id)
	}
	return serial, nil
}
