package pebble

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"testing"
	"time"
)

// The window for a renewal is where Let's Encrypt has it, also for a certificate that
// lives shorter than Pebble's own window is long.
func TestSuggestedWindow(t *testing.T) {
	t.Parallel()
	for life, want := range map[time.Duration]time.Duration{
		day: day / 2, 160 * time.Hour: 80 * time.Hour, DefaultValidity: DefaultValidity * 2 / 3,
	} {
		var clock movable
		clock.advance(300 * day)
		s := newSite(t, func(o *Options) { o.Now, o.Validity = clock.now, life })
		chain, err := s.issue(t.Context(), s.registered(), "http-01", "www.example.test")
		if err != nil {
			t.Fatal(err)
		}
		text := base64.RawURLEncoding.EncodeToString
		address := "https://" + s.ca.options.Authority + "/draft-ietf-acme-ari-03/renewalInfo/" +
			text(chain[0].AuthorityKeyId) + "." + text(chain[0].SerialNumber.Bytes())
		response, err := httpClient(t, s.ca).Get(address)
		if err != nil {
			t.Fatal(err)
		}
		var info struct {
			SuggestedWindow struct{ Start, End time.Time }
		}
		err = json.NewDecoder(response.Body).Decode(&info)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("status %d, %v", response.StatusCode, err)
		}
		window := info.SuggestedWindow
		ideal := chain[0].NotBefore.Add(want)
		if window.Start.After(ideal) || window.End.Before(ideal) ||
			window.End.Sub(window.Start) > life/40 {
			t.Errorf("%s: got %s to %s, expected a short time around %s", life,
				window.Start, window.End, ideal)
		}
	}
}
