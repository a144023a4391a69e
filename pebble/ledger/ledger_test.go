package ledger

import (
	"math"
	"testing"
	"time"

	"assay/pebble"
)

var began = time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)

// every returns an entry again and again, for a time.
func every(apart, during time.Duration, e pebble.Entry) (entries []pebble.Entry) {
	for passed := time.Duration(0); passed < during; passed += apart {
		e.At = began.Add(passed)
		entries = append(entries, e)
	}
	return entries
}

func failure(name string) pebble.Entry {
	return pebble.Entry{
		Kind: pebble.KindValidation, What: "http-01 invalid", Identifiers: []string{name},
	}
}

const day = 24 * time.Hour

// limits are those of Let's Encrypt.
var limits = []Limit{
	{Orders, 300, 36 * time.Second, "in three hours", "refuses further orders"},
	{Certificates, 5, 34 * time.Hour, "in a week", "refuses further certificates"},
	{Failures, 5, 12 * time.Minute, "in an hour", "refuses further orders"},
	{FailuresInARow, 1152, day, "with one a day forgiven", "pauses the account for the name"},
}

// TestBook books what autocert does: it tries again every 45 minutes on average. By HTTP-01
// each try fails twice, which pauses the account on day 18, by TLS-ALPN-01 once, which does
// so on day 37.
func TestBook(t *testing.T) {
	t.Parallel()
	order := pebble.Entry{Kind: pebble.KindNewOrder, Status: 201, Account: "1"}
	issued := pebble.Entry{Kind: pebble.KindIssued, Identifiers: []string{"b.test", "a.test"}}
	valid := failure("a.test")
	valid.What = "http-01 valid"
	for name, tt := range map[string]struct {
		entries []pebble.Entry
		limit   string
		peak    float64
		refused time.Duration // 0: never
	}{
		"a renewal fails by TLS-ALPN-01": {
			every(45*time.Minute, 60*day, failure("a.test")), FailuresInARow, 1861, 37*day + 4*time.Hour,
		},
		"a renewal fails by HTTP-01": {
			merge(every(45*time.Minute, 60*day, failure("a.test")),
				every(45*time.Minute, 60*day, failure("a.test"))),
			FailuresInARow, 3781, 18*day + 7*time.Hour,
		},
		"and in an hour": {every(45*time.Minute, day, failure("a.test")), Failures, 1, 0},
		"every minute": {
			every(time.Minute, time.Hour, failure("a.test")), Failures, 55.08, 5 * time.Minute,
		},
		"a valid one": {
			append(every(time.Hour, 10*day, failure("a.test")), valid), FailuresInARow, 231, 0,
		},
		"an order a minute": {every(time.Minute, day, order), Orders, 1, 0},
		"a storm of orders": {
			every(time.Second, 10*time.Minute, order), Orders, 583.36, 308 * time.Second,
		},
		"a certificate a day":  {every(day, 30*day, issued), Certificates, 9.53, 14 * day},
		"one every two months": {every(60*day, 730*day, issued), Certificates, 1, 0},
	} {
		for _, row := range Book(tt.entries, limits) {
			if row.Name != tt.limit {
				continue
			}
			if math.Abs(row.Peak-tt.peak) > 1 {
				t.Errorf("%s: the peak is %.2f, expected %.2f", name, row.Peak, tt.peak)
			}
			switch {
			case row.Exceeded() != (tt.refused != 0):
				t.Errorf("%s: refused at %v, expected after %v", name, row.Refused, tt.refused)
			case row.Exceeded():
				if off := row.Refused.Sub(began) - tt.refused; off < -3*time.Hour || off > 3*time.Hour {
					t.Errorf("%s: refused after %v, expected %v", name, row.Refused.Sub(began), tt.refused)
				}
			}
		}
	}
}

// merge merges entries that came at the same times.
func merge(a, b []pebble.Entry) (all []pebble.Entry) {
	for i := range a {
		all = append(all, a[i], b[i])
	}
	return all
}

// TestSuccessForgivesFailures checks that a success sets the number of failures in a row to
// 0, for its own name alone.
func TestSuccessForgivesFailures(t *testing.T) {
	t.Parallel()
	valid := failure("a.test")
	valid.What = "http-01 valid"
	var entries []pebble.Entry
	for _, name := range []string{"a.test", "b.test"} {
		for range 4 {
			entries = append(entries, failure(name))
		}
	}
	entries = append(entries, valid, failure("a.test"), failure("b.test"))
	row := Book(entries, limits)[3]
	if row.Peak != 5 || row.For != "b.test" || row.Count != 10 {
		t.Errorf("found %+v, expected 5 of 10 for b.test", row)
	}
}

// TestAhead checks what is told ahead: half a day of failures shows on which day an account
// would be paused.
func TestAhead(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		apart, during time.Duration
		limit         string
		day           float64 // 0: nothing is told
	}{
		"pauses on day 37":    {45 * time.Minute, 12 * time.Hour, FailuresInARow, 37},
		"pauses on day 18":    {22*time.Minute + 30*time.Second, 12 * time.Hour, FailuresInARow, 18},
		"too short to tell":   {45 * time.Minute, 5 * time.Hour, FailuresInARow, 0},
		"too seldom to pause": {day + time.Minute, 20 * day, FailuresInARow, 0},
		"an hour's limit":     {10 * time.Minute, 12 * time.Hour, Failures, 4.0 / 24},
		"no hour's limit":     {12 * time.Minute, 12 * time.Hour, Failures, 0},
	} {
		for _, row := range Book(every(tt.apart, tt.during, failure("a.test")), limits) {
			if row.Name != tt.limit {
				continue
			}
			if (row.Day == nil) != (tt.day == 0) {
				t.Errorf("%s: told %v, expected %v", name, row.Day, tt.day)
			} else if row.Day != nil && math.Abs(*row.Day-tt.day) > tt.day/20 {
				t.Errorf("%s: told day %v, expected %v", name, *row.Day, tt.day)
			}
		}
	}
}
