package presets

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Span is a length of time, written as "90d", "160h" or "3s".
type Span time.Duration

const day = 24 * time.Hour

// UnmarshalText parses a span of whole days, or one as [time.ParseDuration] reads it.
func (s *Span) UnmarshalText(text []byte) error {
	var d time.Duration
	var err error
	if days, ok := strings.CutSuffix(string(text), "d"); ok {
		var n uint64
		n, err = strconv.ParseUint(days, 10, 16)
		d = time.Duration(n) * day
	} else {
		d, err = time.ParseDuration(string(text))
	}
	if err != nil || d <= 0 {
		return fmt.Errorf("found %q, expected a time such as 90d, 160h or 3s", text)
	}
	*s = Span(d)
	return nil
}

// String returns the span as it is written in presets.yaml.
func (s Span) String() string {
	d := time.Duration(s)
	switch {
	case d > 0 && d%day == 0 && d > day:
		return fmt.Sprintf("%dd", d/day)
	case d > 0 && d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return d.String()
}
