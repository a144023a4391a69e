package live

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A Span is a length of time, written as "730d", "12h" or "1d12h".
type Span time.Duration

const day = 24 * time.Hour

var spanParts = regexp.MustCompile(`(?s)^(?:(\d+)d)?(.*)$`)

// longest is the longest span. Dates of certificates end in the year 9999.
const longest = 100 * 365 * day

// UnmarshalText parses a span of whole seconds.
func (s *Span) UnmarshalText(text []byte) error {
	d, err := parseSpan(string(text))
	if err != nil {
		return fmt.Errorf("found %q, expected a time such as 730d, 12h or 1d12h: %w", text, err)
	}
	*s = Span(d)
	return nil
}

func parseSpan(text string) (d time.Duration, err error) {
	parts := spanParts.FindStringSubmatch(text)
	if parts[1] != "" {
		days, err := strconv.ParseInt(parts[1], 10, 64)
		if err != nil || time.Duration(days) > longest/day {
			return 0, fmt.Errorf("more than %s", Span(longest))
		}
		d = time.Duration(days) * day
	}
	if parts[2] != "" {
		rest, err := time.ParseDuration(parts[2])
		if err != nil || rest < 0 {
			return 0, errors.New("not a time")
		}
		d += rest
	}
	switch {
	case text == "":
		return 0, errors.New("empty")
	case d < time.Second || d%time.Second != 0:
		return 0, errors.New("not whole seconds, at least one")
	case d > longest:
		return 0, fmt.Errorf("more than %s", Span(longest))
	}
	return d, nil
}

// String returns the span as it is written: "730d", "1d12h".
func (s Span) String() string {
	d := time.Duration(s)
	days, rest := d/day, d%day
	text := ""
	if days > 0 {
		text = fmt.Sprintf("%dd", days)
	}
	if rest > 0 || days == 0 {
		short := rest.String()
		if strings.HasSuffix(short, "m0s") {
			short = strings.TrimSuffix(short, "0s")
		}
		if strings.HasSuffix(short, "h0m") {
			short = strings.TrimSuffix(short, "0m")
		}
		text += short
	}
	return text
}

// An Outage is a time in which the CA cannot be reached, written as "100d+10d": from
// the hundredth day on, for ten days.
type Outage struct{ From, For Span }

// UnmarshalText parses an outage.
func (o *Outage) UnmarshalText(text []byte) error {
	from, length, ok := strings.Cut(string(text), "+")
	if !ok {
		return fmt.Errorf("found %q, expected when it begins and how long it is, such as 100d+10d",
			text)
	}
	if err := o.From.UnmarshalText([]byte(from)); err != nil {
		return err
	}
	return o.For.UnmarshalText([]byte(length))
}

// String returns the outage as it is written.
func (o Outage) String() string { return o.From.String() + "+" + o.For.String() }

// MarshalText returns the span as it is written.
func (s Span) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalText returns the outage as it is written.
func (o Outage) MarshalText() ([]byte, error) { return []byte(o.String()), nil }
