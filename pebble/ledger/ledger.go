// Package ledger books what a server did to a CA against the rate limits of Let's Encrypt.
// A local CA has no limits, so a server that a public one would refuse is not noticed.
package ledger

import (
	"slices"
	"strings"
	"time"

	"assay/pebble"
)

// A Limit says how often something may be done. Each time counts one, and after each
// Refill one is forgotten. Beyond Most, the CA refuses.
type Limit struct {
	Name   string        `json:"name"` // what is counted
	Most   int           `json:"most"`
	Refill time.Duration `json:"-"`
	Per    string        `json:"per"`   // the time of Most refills
	After  string        `json:"after"` // what the CA does beyond Most
}

// The limits of Let's Encrypt, from https://letsencrypt.org/docs/rate-limits as of 2026-08-05.
var (
	// Orders is counted for each account.
	Orders = Limit{"orders", 300, 36 * time.Second, "in three hours", "refuses further orders"}
	// Certificates is counted for each set of names.
	Certificates = Limit{"certificates for the same names", 5, 34 * time.Hour, "in a week",
		"refuses further certificates"}
	// Failures is counted for each name.
	Failures = Limit{"failed validations", 5, 12 * time.Minute, "in an hour", "refuses further orders"}
	// FailuresInARow is counted for each name. A validation that succeeds sets it to 0.
	FailuresInARow = Limit{"failed validations in a row", 1152, 24 * time.Hour,
		"with one a day forgiven", "pauses the account for the name"}
)

// A Row holds what was booked for one limit, and for the name, the names or the account
// that came nearest to it.
type Row struct {
	Limit
	For     string     `json:"for,omitempty"`
	Count   int        `json:"count"`             // how often it was done
	Peak    float64    `json:"peak"`              // the most that was counted at a time
	Refused *time.Time `json:"refused,omitempty"` // when the CA would have refused; nil for never
}

// Exceeded reports whether the CA would have refused.
func (r Row) Exceeded() bool { return r.Refused != nil }

// Book returns a row for each limit. The entries are those of a journal, in its order. A
// journal without a clock of its own is booked at the time since the CA started.
func Book(entries []pebble.Entry) []Row {
	orders, certificates := newAccount(Orders), newAccount(Certificates)
	failures, inARow := newAccount(Failures), newAccount(FailuresInARow)
	for _, e := range entries {
		at := e.At
		if at.IsZero() {
			at = time.Unix(0, 0).Add(e.T)
		}
		names := strings.Join(slices.Sorted(slices.Values(e.Identifiers)), ", ")
		switch {
		case e.Kind == pebble.KindNewOrder && e.Status/100 == 2:
			orders.add(e.Account, at)
		case e.Kind == pebble.KindIssued:
			certificates.add(names, at)
		case e.Valid():
			inARow.reset(names)
		case e.Kind == pebble.KindValidation:
			failures.add(names, at)
			inARow.add(names, at)
		}
	}
	orders.row.For = "" // the number of an account says nothing
	return []Row{orders.row, certificates.row, failures.row, inARow.row}
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
}

func newAccount(l Limit) *account {
	return &account{row: Row{Limit: l}, levels: map[string]*level{}}
}

func (a *account) add(subject string, at time.Time) {
	a.row.Count++
	l := a.levels[subject]
	if l == nil {
		l = &level{at: at}
		a.levels[subject] = l
	}
	if passed := at.Sub(l.at); passed > 0 {
		l.value = max(0, l.value-float64(passed)/float64(a.row.Refill))
		l.at = at
	}
	if l.value++; l.value > a.row.Peak {
		a.row.Peak, a.row.For = l.value, subject
	}
	if l.value > float64(a.row.Most) && a.row.Refused == nil {
		a.row.Refused = &at
	}
}

func (a *account) reset(subject string) { delete(a.levels, subject) }
