package render

import (
	"fmt"
	"math"
	"strings"

	"assay/suite/report"
	"assay/suite/report/words"
)

const limitsTitle = "Rate limits of Let's Encrypt"

// Limits says how near the target came to the rate limits of Let's Encrypt, which are the
// only ones that presets have: a line for each limit that it would have exceeded, and one
// for all others.
func Limits(r *report.Report) (lines []string) {
	var within []string
	for _, l := range r.Limits {
		if line := Exceeded(l); line != "" {
			lines = append(lines, line)
			continue
		}
		within = append(within, fmt.Sprintf("%.0f of %d %s (%s)",
			math.Ceil(l.Peak), l.Most, l.Name, l.Nearest))
	}
	if len(within) > 0 {
		lines = append(lines, "At most "+strings.Join(within, ", ")+".")
	}
	return lines
}

// Exceeded says of a limit when the CA refuses; "" if it does not.
func Exceeded(l report.Limit) string {
	if len(l.Refusals) == 0 {
		return ""
	}
	first := l.Refusals[0]
	when := "at once"
	if first.Day >= 0.05 {
		when = fmt.Sprintf("on day %.1f", first.Day)
	}
	condition := "in " + first.In
	if first.Ahead {
		condition = "if the trouble of " + first.In + " goes on"
	}
	text := fmt.Sprintf("Let's Encrypt %s %s, %s: more than %d %s %s.",
		l.After, when, condition, l.Most, l.Name, l.Per)
	if n := len(l.Refusals) - 1; n > 0 {
		text += " So it does in " + words.Plural(n, "other case", "other cases") + "."
	}
	return text
}
