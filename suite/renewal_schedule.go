package suite

import (
	"fmt"
	"time"

	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
)

// The part of the chapter renewal that is seen in virtual time.

var _ = Table("RENEW-20", func(s *Scenario, row struct{ Lifetime time.Duration }) {
	Expect(s.Schedule()).To(NeverRunOut(row.Lifetime))
}, Rehearsed)

var _ = Table("RENEW-21", func(s *Scenario, row struct{ Lifetime time.Duration }) {
	Expect(s.Schedule()).To(SpaceAttempts(row.Lifetime, 10*time.Minute))
}, Rehearsed)

var _ = Table("RENEW-22", func(s *Scenario, row struct{ Lifetime time.Duration }) {
	Expect(s.Schedule()).To(RecoverWithin(row.Lifetime, 2*time.Hour))
}, Rehearsed)

var _ = Table("RENEW-23", func(s *Scenario, row struct{ Lifetime time.Duration }) {
	schedule := s.Schedule()
	life, found := schedule.Life(row.Lifetime)
	s.SkipUnless(found, "the schedule command says nothing about this lifetime")
	s.Observe("schedule", "renewals", life.summary())
	if outage, found := schedule.Outage(row.Lifetime); found {
		s.Observe("schedule", "while the CA fails", outage.summary())
	}
}, Rehearsed)

// NeverRunOut: in two years or more with a CA that works and issues for this
// lifetime, there was always a certificate that had not expired, and the CA
// issued no more than four for each that it would take if each were used up.
func NeverRunOut(lifetime time.Duration) types.GomegaMatcher {
	expected := fmt.Sprintf("two virtual years or more with certificates of %s, one always valid, and not many more of them than needed", days(lifetime))
	return match(expected, func(s *Schedule) (bool, string) {
		life, found := s.Life(lifetime)
		if !found {
			return false, "nothing about this lifetime"
		}
		needed := int(s.Span.Duration()/lifetime) + 1
		ok := s.Span.Duration() >= 730*day && life.Uncovered == 0 && !life.Stopped && life.Issued >= needed && life.Issued <= 4*needed
		return ok, fmt.Sprintf("in %s: %d certificates, of which %d at least are needed; without a valid one for %s%s",
			s.Span, life.Issued, needed, life.Uncovered, stopped(life.Stopped))
	})
}

// SpaceAttempts: while the CA fails, attempts at a renewal follow each other,
// on average with this much time between them: a few quick ones at first do no
// harm.
func SpaceAttempts(lifetime, least time.Duration) types.GomegaMatcher {
	expected := fmt.Sprintf("attempts at a renewal again and again while the CA fails, on average at least %s apart", least)
	return match(expected, func(s *Schedule) (bool, string) {
		outage, found := s.Outage(lifetime)
		if !found {
			return false, "nothing about this lifetime"
		}
		shortest, average, longest, most := outage.gaps()
		ok := len(outage.Attempts) > 1 && average >= least && !outage.Stopped
		return ok, fmt.Sprintf("%d attempts, %s to %s apart, on average %s, of up to %d requests each%s",
			len(outage.Attempts), shortest, longest, average, most, stopped(outage.Stopped))
	})
}

// RecoverWithin: once the CA works again, the certificate is renewed in this
// time, and before the old one ends.
func RecoverWithin(lifetime, within time.Duration) types.GomegaMatcher {
	expected := fmt.Sprintf("a renewal within %s of the moment at which the CA worked again, before the old certificate ended", within)
	return match(expected, func(s *Schedule) (bool, string) {
		outage, found := s.Outage(lifetime)
		switch {
		case !found:
			return false, "nothing about this lifetime"
		case len(outage.Attempts) == 0:
			return false, "no attempt at a renewal at all"
		case outage.Renewed == 0:
			return false, "no renewal before the old certificate ended"
		}
		took := (outage.Renewed - outage.Mended).Duration()
		return took >= 0 && took <= within && outage.Left > 0, fmt.Sprintf("a renewal after %s, with %s left", took, outage.Left)
	})
}

// summary is what does not differ from run to run: renewal is jittered.
func (l Life) summary() map[string]any {
	out := map[string]any{"certificates": l.Issued, "days without": l.Uncovered.Days()}
	if l.Stopped {
		return map[string]any{"stopped": "ever more certificates"}
	}
	if len(l.Renewals) > 0 {
		least, most := l.Renewals[0].Left, l.Renewals[0].Left
		for _, r := range l.Renewals {
			least, most = min(least, r.Left), max(most, r.Left)
		}
		out["days left at renewal, about"] = ((least + most) / 2).Days()
	}
	return out
}

func (o Outage) summary() map[string]any {
	shortest, average, longest, most := o.gaps()
	ten := 1
	for ten < most {
		ten *= 10
	}
	return map[string]any{
		"attempts at least 30 minutes apart": shortest >= 30*time.Minute,
		"attempts at most an hour apart":     longest <= time.Hour,
		"minutes apart on average, about":    average.Round(15 * time.Minute).Minutes(),
		"requests of an attempt, at most":    ten,
		"renewed afterwards":                 o.Renewed != 0,
	}
}

// gaps are the shortest, the average and the longest time between attempts,
// and the most requests of one.
func (o Outage) gaps() (shortest, average, longest time.Duration, most int) {
	for i, a := range o.Attempts {
		most = max(most, a.Requests)
		if i == 0 {
			continue
		}
		gap := (a.At - o.Attempts[i-1].At).Duration()
		if i == 1 || gap < shortest {
			shortest = gap
		}
		longest = max(longest, gap)
	}
	if n := len(o.Attempts); n > 1 {
		average = (o.Attempts[n-1].At - o.Attempts[0].At).Duration() / time.Duration(n-1)
	}
	return shortest, average.Round(time.Second), longest, most
}

func stopped(yes bool) string {
	if yes {
		return "; broken off, because the CA was asked for ever more"
	}
	return ""
}

func days(d time.Duration) string { return Seconds(d / time.Second).String() }
