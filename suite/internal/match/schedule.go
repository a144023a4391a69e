package match

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/onsi/gomega/types"
)

const Day = 24 * time.Hour

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
		ok := s.Span.Duration() >= 730*Day && life.Uncovered == 0 && !life.Stopped && life.Issued >= needed && life.Issued <= 4*needed
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

// Summary is what does not differ from run to run: renewal is jittered.
func (l Life) Summary() map[string]any {
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

func (o Outage) Summary() map[string]any {
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

// A Schedule is what a target's schedule command prints, as one JSON object
// and nothing else: how the server's own certificate source renews, played
// through in virtual time against a CA that it brings along (package
// testing/synctest is made for it). What takes months is seen within seconds.
//
// The command gets no arguments, exits with 0, and should take seconds. It
// looks up the certificate about once an hour, as clients would. Moments count
// in whole seconds from the first look-up, which obtains the first
// certificate. Members other than these are a mistake.
type Schedule struct {
	Schema int `json:"schema"` // 1
	// Span is how much time each entry of Working covers; two years or more
	// show what a certificate of 90 days does.
	Span    Seconds  `json:"span_s"`
	Working []Life   `json:"working"` // one for each lifetime, while the CA works
	Failing []Outage `json:"failing"` // one for each lifetime, while it does not
}

// Life is what became of a certificate while the CA worked.
type Life struct {
	Lifetime Seconds   `json:"lifetime_s"` // for which the CA issues
	Issued   int       `json:"issued"`     // certificates, the first one too
	Renewals []Renewal `json:"renewals"`   // in order
	// Uncovered is how long a look-up gave no certificate, or an expired one.
	Uncovered Seconds `json:"uncovered_s"`
	// Stopped says that the simulation was broken off before Span was over,
	// because the source asked the CA for ever more.
	Stopped bool `json:"stopped"`
}

// Renewal is a certificate that took the place of another.
type Renewal struct {
	At   Seconds `json:"at_s"`   // when it was issued
	Left Seconds `json:"left_s"` // what the one before had left to live
}

// Outage is what became of a certificate that fell due while the CA answered
// 500 to everything: from soon after the certificate was issued until one day
// after the first attempt to renew it, or its end if there was none.
type Outage struct {
	Lifetime Seconds   `json:"lifetime_s"`
	Attempts []Attempt `json:"attempts"` // in order
	Mended   Seconds   `json:"mended_s"` // when the CA worked again
	// Renewed is when the new certificate was issued, 0 if none was before the
	// old one ended; Left is what the old one had left then.
	Renewed Seconds `json:"renewed_s"`
	Left    Seconds `json:"left_s"`
	Stopped bool    `json:"stopped"`
}

// Attempt is a row of requests to the CA, each less than half a minute after
// the one before: what a client repeats at once belongs to one attempt.
type Attempt struct {
	At       Seconds `json:"at_s"` // the first request
	Requests int     `json:"requests"`
}

// Seconds is a length of virtual time, or a moment counted from the beginning.
type Seconds int64

// Duration is the length as Go's.
func (s Seconds) Duration() time.Duration { return time.Duration(s) * time.Second }

// String is the length in days.
func (s Seconds) String() string { return fmt.Sprintf("%.1f days", s.Days()) }

// Days is the length in days, to a tenth: renewal is jittered by up to an hour,
// and what is recorded must not differ from run to run.
func (s Seconds) Days() float64 { return float64((int64(s)+4320)/8640) / 10 }

// scheduleSchema is the schema that [Env.Schedule] reads.
const scheduleSchema = 1

// ReadSchedule reads the output strictly: a member with another name than
// expected would look like one that says 0.
func ReadSchedule(output []byte) (*Schedule, error) {
	var schedule Schedule
	decoder := json.NewDecoder(bytes.NewReader(output))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&schedule); err != nil {
		return nil, err
	}
	switch {
	case schedule.Schema != scheduleSchema:
		return nil, fmt.Errorf("schema: found %d, expected %d", schedule.Schema, scheduleSchema)
	case schedule.Span <= 0:
		return nil, fmt.Errorf("span_s: found %d, expected more than 0", schedule.Span)
	case decoder.More():
		return nil, errors.New("found more after the JSON object, expected nothing")
	}
	return &schedule, nil
}

// Life is the entry for a lifetime.
func (s *Schedule) Life(lifetime time.Duration) (Life, bool) {
	for _, l := range s.Working {
		if l.Lifetime.Duration() == lifetime {
			return l, true
		}
	}
	return Life{}, false
}

// Outage is the entry for a lifetime.
func (s *Schedule) Outage(lifetime time.Duration) (Outage, bool) {
	for _, o := range s.Failing {
		if o.Lifetime.Duration() == lifetime {
			return o, true
		}
	}
	return Outage{}, false
}
