// Package ledger books what a server did to a CA against the rate limits of a public one.
// A local CA has no limits, so a server that a public one would refuse is not noticed.
package ledger

import (
	"slices"
	"strings"
	"time"

	"assay/pebble"
)

// A Row holds what was booked for one limit, and for the name, the names or the account
// that came nearest to it.
type Row struct {
	Limit
	For     string     `json:"for,omitempty"`
	Count   int        `json:"count"`             // how often it was done
	Peak    float64    `json:"peak"`              // the most that was counted at a time
	Refused *time.Time `json:"refused,omitempty"` // when the CA would have refused; nil for never

	// Day is on which day the CA refuses, counted from 0 at the first time of those that it
	// counts. If the journal ends before, it is told ahead: for a server that goes on as it
	// did. It is nil if the CA never refuses, or if the journal is too short to tell.
	Day *float64 `json:"day,omitempty"`
}

// Exceeded reports whether the CA would have refused.
func (r Row) Exceeded() bool { return r.Refused != nil }

// Book returns a row for each limit. The entries are those of a journal, in its order. A
// journal without a clock of its own is booked at the time since the CA started.
func Book(entries []pebble.Entry, limits []Limit) []Row {
	accounts := make([]*account, len(limits))
	for i, limit := range limits {
		accounts[i] = &account{row: Row{Limit: limit}, levels: map[string]*level{}}
	}
	count := func(name, subject string, at time.Time) {
		for _, a := range accounts {
			if a.row.Name == name {
				a.add(subject, at)
			}
		}
	}
	for _, e := range entries {
		at := e.At
		if at.IsZero() {
			at = time.Unix(0, 0).Add(e.T)
		}
		names := strings.Join(slices.Sorted(slices.Values(e.Identifiers)), ", ")
		switch {
		case e.Kind == pebble.KindNewOrder && e.Status/100 == 2:
			count(Orders, e.Account, at)
		case e.Kind == pebble.KindIssued:
			count(Certificates, names, at)
		case e.Valid():
			for _, a := range accounts {
				if a.row.Name == FailuresInARow {
					delete(a.levels, names)
				}
			}
		case e.Kind == pebble.KindValidation:
			count(Failures, names, at)
			count(FailuresInARow, names, at)
		}
	}
	rows := make([]Row, len(accounts))
	for i, a := range accounts {
		a.look()
		if a.row.Name == Orders {
			a.row.For = "" // the number of an account says nothing
		}
		rows[i] = a.row
	}
	return rows
}

// An account counts one thing for everything that it is counted for.
type account struct {
	row    Row
	levels map[string]*level
}

// A level says what was counted at a time.
type level struct {
	value float64
	at    time.Time
	began time.Time // when the first one was counted
	count int
}

func (a *account) add(subject string, at time.Time) {
	a.row.Count++
	l := a.levels[subject]
	if l == nil {
		l = &level{at: at, began: at}
		a.levels[subject] = l
	}
	if passed := at.Sub(l.at); passed > 0 {
		l.value = max(0, l.value-float64(passed)/float64(a.row.Refill))
		l.at = at
	}
	l.count++
	if l.value++; l.value > a.row.Peak {
		a.row.Peak, a.row.For = l.value, subject
	}
	if l.value > float64(a.row.Most) && a.row.Refused == nil {
		a.row.Refused, a.row.Day = &at, days(at.Sub(l.began))
	}
}

// Enough to tell how often something is done.
const (
	longEnough  = 6 * time.Hour
	oftenEnough = 5
)

// look tells when the CA will refuse, for what is counted until the end of the journal.
func (a *account) look() {
	if a.row.Refused != nil {
		return
	}
	for _, l := range a.levels {
		passed := l.at.Sub(l.began)
		if passed < longEnough || l.count < oftenEnough {
			continue
		}
		apart := passed / time.Duration(l.count-1)
		if apart >= a.row.Refill {
			continue // as many are forgotten as are counted
		}
		rest := float64(a.row.Most) - l.value
		each := 1 - float64(apart)/float64(a.row.Refill) // what each one leaves
		ahead := passed + time.Duration(rest/each*float64(apart))
		if day := days(ahead); a.row.Day == nil || *day < *a.row.Day {
			a.row.Day = day
		}
	}
}

func days(d time.Duration) *float64 {
	n := d.Hours() / 24
	return &n
}
