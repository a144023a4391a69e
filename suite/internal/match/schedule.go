package match

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/onsi/gomega/types"
)

// Day is the length of a day.
const Day = 24 * time.Hour

// NeverRunOut succeeds if a schedule of two years or more always had a certificate of
// this lifetime that had not expired, and if the CA issued at most four times as many
// as it would take to use up each of them.
func NeverRunOut(lifetime time.Duration) types.GomegaMatcher {
	expected := fmt.Sprintf("two virtual years or more with certificates of %s, "+
		"one always valid, and at most four times as many as needed", days(lifetime))
	return match(expected, func(s *Schedule) (bool, string) {
		life, found := s.Life(lifetime)
		if !found {
			return false, "nothing about this lifetime"
		}
		needed := int(s.Span.Duration()/lifetime) + 1
		ok := s.Span.Duration() >= 730*Day && life.Uncovered == 0 && !life.Stopped &&
			life.Issued >= needed && life.Issued <= 4*needed
		return ok, fmt.Sprintf("in %s: %d certificates, of which at least %d are needed; "+
			"without a valid one for %s%s",
			s.Span, life.Issued, needed, life.Uncovered, stopped(life.Stopped))
	})
}

// SpaceAttempts succeeds if attempts to renew go on while the CA fails, on average
// with at least this much time between them. A few quick ones at first do no harm.
func SpaceAttempts(lifetime, least time.Duration) types.GomegaMatcher {
	expected := fmt.Sprintf("attempts to renew that go on while the CA fails, "+
		"on average at least %s apart", span(least))
	return match(expected, func(s *Schedule) (bool, string) {
		outage, found := s.Outage(lifetime)
		if !found {
			return false, "nothing about this lifetime"
		}
		shortest, average, longest, most := outage.gaps()
		ok := len(outage.Attempts) > 1 && average >= least && !outage.Stopped
		return ok, fmt.Sprintf("%d attempts, %s to %s apart, on average %s, "+
			"of at most %d requests each%s",
			len(outage.Attempts), span(shortest), span(longest), span(average), most,
			stopped(outage.Stopped))
	})
}

// RecoverWithin succeeds if the certificate is renewed in this time after the CA
// works again, and before the old one expires.
func RecoverWithin(lifetime, within time.Duration) types.GomegaMatcher {
	expected := fmt.Sprintf("a renewal within %s after the CA worked again, "+
		"before the old certificate expired", span(within))
	return match(expected, func(s *Schedule) (bool, string) {
		outage, found := s.Outage(lifetime)
		switch {
		case !found:
			return false, "nothing about this lifetime"
		case len(outage.Attempts) == 0:
			return false, "no attempt to renew"
		case outage.Renewed == 0:
			return false, "no renewal before the old certificate expired"
		}
		took := (outage.Renewed - outage.Mended).Duration()
		ok := took >= 0 && took <= within && outage.Left > 0
		return ok, fmt.Sprintf("a renewal after %s, with %s left", span(took), outage.Left)
	})
}

// Summary returns what does not differ from run to run. The moments of renewals
// do, because servers choose them at random within an hour.
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

// Summary returns the facts about an outage that do not differ from run to run.
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

// gaps returns the shortest, the average and the longest time between attempts, and
// the largest number of requests of an attempt.
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

// span returns a duration as people read it: in days from two days on.
func span(d time.Duration) string {
	if d >= 2*Day {
		return Seconds(d / time.Second).String()
	}
	return d.String()
}

func stopped(yes bool) string {
	if yes {
		return "; broken off, because the requests to the CA did not end"
	}
	return ""
}

func days(d time.Duration) string { return Seconds(d / time.Second).String() }

// A Schedule is the JSON object that a target's schedule command prints. The command
// runs the server's own certificate source in virtual time, against a CA that the
// command brings along. The package testing/synctest is made for that.
//
// The command gets no arguments, exits with code 0, and takes seconds. It looks up
// the certificate about once an hour, as clients would. Moments are whole seconds
// since the first look-up, which obtains the first certificate. Other members than
// these are errors.
type Schedule struct {
	Schema int `json:"schema"` // 1
	// Span is the time that each entry of Working covers. Two years or more show
	// the renewals of a certificate of 90 days.
	Span    Seconds  `json:"span_s"`
	Working []Life   `json:"working"` // one for each lifetime, while the CA works
	Failing []Outage `json:"failing"` // one for each lifetime, while the CA fails
}

// Life describes the certificates of one lifetime while the CA works.
type Life struct {
	Lifetime Seconds   `json:"lifetime_s"` // for which the CA issues
	Issued   int       `json:"issued"`     // certificates, with the first one
	Renewals []Renewal `json:"renewals"`   // in order
	// Uncovered is how long look-ups returned no certificate, or an expired one.
	Uncovered Seconds `json:"uncovered_s"`
	// Stopped says that the simulation was broken off before Span was over,
	// because the source's requests to the CA did not end.
	Stopped bool `json:"stopped"`
}

// Renewal describes a certificate that replaced another one.
type Renewal struct {
	At   Seconds `json:"at_s"`   // when it was issued
	Left Seconds `json:"left_s"` // the rest of the old certificate's lifetime
}

// Outage describes a certificate that falls due while the CA answers every request
// with status 500. The CA fails from soon after it has issued the certificate until
// one day after the first attempt to renew it, or until the certificate expires if
// there is no attempt.
type Outage struct {
	Lifetime Seconds   `json:"lifetime_s"`
	Attempts []Attempt `json:"attempts"` // in order
	Mended   Seconds   `json:"mended_s"` // when the CA worked again
	// Renewed is when the new certificate was issued, and 0 if none was issued
	// before the old one expired. Left is the rest of the old one's lifetime then.
	Renewed Seconds `json:"renewed_s"`
	Left    Seconds `json:"left_s"`
	Stopped bool    `json:"stopped"`
}

// Attempt is a series of requests to the CA, each less than half a minute after the
// one before. Requests that a client repeats at once belong to one attempt.
type Attempt struct {
	At       Seconds `json:"at_s"` // when the first request was sent
	Requests int     `json:"requests"`
}

// Seconds is a duration in virtual time, or a moment since the beginning.
type Seconds int64

// Duration returns the seconds as a [time.Duration].
func (s Seconds) Duration() time.Duration { return time.Duration(s) * time.Second }

// String returns the duration in days, as in "1.5 days".
func (s Seconds) String() string { return fmt.Sprintf("%.1f days", s.Days()) }

// Days returns the duration in days, rounded to a tenth: servers vary the moment of a
// renewal by up to an hour, and what is recorded must not differ from run to run.
func (s Seconds) Days() float64 { return float64((int64(s)+4320)/8640) / 10 }

// longestSpan is the longest time in a schedule: a hundred years.
const longestSpan Seconds = 100 * 365 * 24 * 3600

// scheduleSchema is the schema that Env.Schedule reads.
const scheduleSchema = 1

// ReadSchedule decodes the output of a schedule command. Unknown members are errors,
// because a misspelled member would look like one with the value 0.
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
	case schedule.Span > longestSpan:
		return nil, fmt.Errorf("span_s: found %d, expected at most %d", schedule.Span, longestSpan)
	case decoder.More():
		return nil, errors.New("found more after the JSON object, expected nothing")
	}
	var lifetimes []Seconds
	for _, l := range schedule.Working {
		lifetimes = append(lifetimes, l.Lifetime)
	}
	for _, o := range schedule.Failing {
		lifetimes = append(lifetimes, o.Lifetime)
	}
	for _, l := range lifetimes {
		if l <= 0 || l > longestSpan {
			return nil, fmt.Errorf("lifetime_s: found %d, expected more than 0 and at most %d",
				l, longestSpan)
		}
	}
	return &schedule, nil
}

// Life returns the entry of Working for a lifetime.
func (s *Schedule) Life(lifetime time.Duration) (Life, bool) {
	for _, l := range s.Working {
		if l.Lifetime.Duration() == lifetime {
			return l, true
		}
	}
	return Life{}, false
}

// Outage returns the entry of Failing for a lifetime.
func (s *Schedule) Outage(lifetime time.Duration) (Outage, bool) {
	for _, o := range s.Failing {
		if o.Lifetime.Duration() == lifetime {
			return o, true
		}
	}
	return Outage{}, false
}
