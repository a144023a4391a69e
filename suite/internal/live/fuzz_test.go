package live

import (
	"testing"
	"time"
)

// FuzzSpan checks that a span or an outage that is accepted is within its limits, and
// is the same when it is written and read again.
func FuzzSpan(f *testing.F) {
	for _, text := range []string{
		"730d", "12h", "1d12h", "1d1h1m1s", "0d", "-1d", "36500d", "36500d1s",
		"99999999999999999999d", "1.5h",
		"1h-30m", "0d+0s", "100d+10d", "100d+1d12h+1", "9223372036854775807ns", "106751d", "1e3s",
		"213503d", "1d\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var s Span
		if err := s.UnmarshalText([]byte(text)); err == nil {
			if d := time.Duration(s); d < time.Second || d > longest || d%time.Second != 0 {
				t.Errorf("%q: found %d, expected whole seconds up to %d", text, d, longest)
			}
			var again Span
			if err := again.UnmarshalText([]byte(s.String())); err != nil || again != s {
				t.Errorf("%q became %s and then %s (%v)", text, s, again, err)
			}
		} else if s != 0 {
			t.Errorf("%q: refused, and set to %s", text, s)
		}
		var o Outage
		if o.UnmarshalText([]byte(text)) == nil {
			var again Outage
			if err := again.UnmarshalText([]byte(o.String())); err != nil || again != o {
				t.Errorf("%q became %s and then %s (%v)", text, o, again, err)
			}
		}
	})
}
