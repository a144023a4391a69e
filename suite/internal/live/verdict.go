package live

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"assay/suite/report"
	"assay/suite/report/words"
)

// conclude sets verdict and exit code.
func (l *Life) conclude() {
	l.Exit = report.ExitOK
	if len(l.Clients.Gaps) > 0 || l.Ended != "" {
		l.Exit = report.ExitFailed
	}
	l.Verdict = l.verdict()
}

// verdict says in one sentence what became of clients.
func (l *Life) verdict() string {
	if l.Ended != "" {
		return fmt.Sprintf("On day %s the server ended: %s.", dayOf(l.Passed), l.Ended)
	}
	if len(l.Clients.Gaps) == 0 {
		return fmt.Sprintf("For %s every client was served a valid certificate: %s.",
			length(l.Passed.Duration()), l.renewals())
	}
	var all time.Duration
	for _, g := range l.Clients.Gaps {
		to := l.Passed
		if g.To != nil {
			to = *g.To
		}
		all += (to - g.From).Duration()
	}
	first := l.Clients.Gaps[0]
	text := fmt.Sprintf("From day %s on, for %s", dayOf(first.From), length(all))
	if n := len(l.Clients.Gaps); n > 1 {
		text = fmt.Sprintf("%d times, first on day %s, for %s in all", n, dayOf(first.From), length(all))
	}
	return fmt.Sprintf("%s, clients were not served a valid certificate (%s): %s.",
		text, first.Reason, l.renewals())
}

// renewals counts the renewals and says when they came.
func (l *Life) renewals() string {
	var left []Seconds
	for _, c := range l.Certificates {
		if c.Left != nil {
			left = append(left, *c.Left)
		}
	}
	text := "no renewal"
	if n := len(left); n > 0 {
		least, most := slices.Min(left), slices.Max(left)
		count := words.Plural(n, "renewal", "renewals")
		switch at := length(least.Duration()); {
		case least < 0:
			text = fmt.Sprintf("%s, the latest %s after the end", count, length(-least.Duration()))
		case at == length(most.Duration()):
			text = fmt.Sprintf("%s, with %s left", count, at)
		default:
			text = fmt.Sprintf("%s, with %s to %s left", count, at, length(most.Duration()))
		}
	}
	if n := len(l.Attempts); n > 0 {
		text += ", " + words.Plural(n, "failed attempt", "failed attempts")
	}
	return text
}

// booked says how near the server came to the rate limits of Let's Encrypt.
func (l *Life) booked() (lines []string) {
	var within []string
	for _, row := range l.Ledger {
		what := row.Name
		if row.For != "" && row.Exceeded() {
			what += " for " + row.For
		}
		if !row.Exceeded() {
			within = append(within, fmt.Sprintf("%.0f of %d %s", math.Ceil(row.Peak), row.Most, what))
			continue
		}
		lines = append(lines, fmt.Sprintf("Let's Encrypt %s from day %s on: more than %d %s %s",
			row.After, dayOf(seconds(row.Refused.Sub(l.Began))), row.Most, what, row.Per))
	}
	if len(within) > 0 {
		lines = append(lines, "of Let's Encrypt's limits it used at most "+strings.Join(within, ", "))
	}
	return lines
}

// dayOf returns on which day, counted from 0, something was.
func dayOf(s Seconds) string { return fmt.Sprintf("%.1f", s.Duration().Hours()/24) }

// Line returns an event on one line.
func (e Event) Line() string {
	return fmt.Sprintf("day %6s  %-8s %s", dayOf(e.Passed), e.Kind, e.Text)
}

// Summary returns what is printed after the events.
func (l *Life) Summary() []string {
	server := words.Join(" ", l.Target.Name, l.Target.Version)
	lines := []string{"", fmt.Sprintf("%s · %s world · %s in %.1f s · %s · %s to the CA",
		server, l.World, length(l.Passed.Duration()), l.Took,
		words.Plural(l.Clients.Handshakes, "client", "clients"),
		words.Plural(l.CA.Requests, "request", "requests"))}
	for _, w := range l.Warnings {
		if w.Count > 1 {
			lines = append(lines, fmt.Sprintf("%d lines from day %s to day %s: %s: %s",
				w.Count, dayOf(w.First), dayOf(w.Last), w.Level, w.Text))
		}
	}
	lines = append(lines, l.booked()...)
	for _, unmoved := range l.Clock.Unmoved {
		lines = append(lines, "a clock that does not move: "+unmoved)
	}
	return append(lines, fmt.Sprintf("assay: %s → exit %d", l.Verdict, l.Exit))
}
