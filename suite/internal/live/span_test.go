package live

import (
	"testing"
	"time"
)

func TestSpan(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"730d": 730 * day, "12h": 12 * time.Hour, "1d12h": 36 * time.Hour, "90m": 90 * time.Minute,
		"1d30s": day + 30*time.Second, "160h": 160 * time.Hour, "36500d": 36500 * day,
	} {
		var s Span
		if err := s.UnmarshalText([]byte(text)); err != nil || time.Duration(s) != want {
			t.Errorf("%s: got %s, %v, expected %s", text, time.Duration(s), err, want)
		}
		var again Span
		if err := again.UnmarshalText([]byte(s.String())); err != nil || again != s {
			t.Errorf("%s is written as %s, which is read as %s, %v", text, s, again, err)
		}
	}
	for _, text := range []string{
		"", "0", "0d", "d", "-1d", "1.5d", "1d-2h", "100ms", "1.5s", "36501d",
		"99999999999999999999d", "12", "1w",
	} {
		var s Span
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: got %s, expected an error", text, s)
		}
	}
}

func TestOutageText(t *testing.T) {
	var o Outage
	if err := o.UnmarshalText([]byte("100d+1d12h")); err != nil || o.String() != "100d+1d12h" {
		t.Errorf("got %s, %v", o, err)
	}
	for _, text := range []string{"", "100d", "+10d", "100d+", "100d+x"} {
		if err := o.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: got %s, expected an error", text, o)
		}
	}
}
