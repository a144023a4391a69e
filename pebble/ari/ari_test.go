package ari

import (
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"testing"
	"time"
)

// The certificate of RFC 9773, Appendix A, as far as the identifier depends on it.
func TestIDIsThatOfTheRFC(t *testing.T) {
	t.Parallel()
	key, err := hex.DecodeString("69885b6b87464041e1b37b847bd0ae2cde01c8d4")
	if err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{AuthorityKeyId: key, SerialNumber: big.NewInt(0x87654321)}
	const want = "aYhba4dGQEHhs3uEe9CuLN4ByNQ.AIdlQyE"
	if got := ID(cert); got != want {
		t.Errorf("found %s, expected %s", got, want)
	}
	if serial, err := Serial(want); err != nil || serial.Cmp(cert.SerialNumber) != 0 {
		t.Errorf("found %s (%v), expected %s", serial, err, cert.SerialNumber)
	}
}

func TestSerialRefusesOtherForms(t *testing.T) {
	t.Parallel()
	for _, id := range []string{
		"", ".", "AIdlQyE", "aYhba4.", ".AIdlQyE", "aYhba4==.AIdlQyE", "aYhba4.AIdlQyE=",
		"aYhba4.h2VDIQ", // the serial number without its zero
		"aYhba4.AABB",   // a zero too many
		"aYhba4.AIdlQyE.AIdlQyE",
	} {
		if serial, err := Serial(id); err == nil {
			t.Errorf("%q: found the serial number %s, expected an error", id, serial)
		}
	}
}

func TestUsual(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for life, middle := range map[time.Duration]time.Duration{
		90 * 24 * time.Hour: 60 * 24 * time.Hour,
		160 * time.Hour:     80 * time.Hour,
	} {
		i := Usual(&x509.Certificate{NotBefore: began, NotAfter: began.Add(life)})
		if got := i.Start.Add(i.End.Sub(i.Start) / 2); !got.Equal(began.Add(middle)) {
			t.Errorf("%s: found a window around %s, expected one around %s", life, got, began.Add(middle))
		}
	}
}

func TestInfoInJSON(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 1, 1, 0, 0, 5, time.FixedZone("", 3600))
	got, err := json.Marshal(Info{Start: at, End: at.Add(time.Hour), ExplanationURL: "https://a.test"})
	const want = `{"suggestedWindow":{"start":"2026-01-01T00:00:00Z","end":"2026-01-01T01:00:00Z"},` +
		`"explanationURL":"https://a.test"}`
	if err != nil || string(got) != want {
		t.Errorf("found %s (%v), expected %s", got, err, want)
	}
	if revoked := Revoked(at); !revoked.End.Before(at) || !revoked.Start.Before(revoked.End) {
		t.Errorf("found the window %+v, expected a valid one before %s", revoked, at)
	}
}
