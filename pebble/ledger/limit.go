package ledger

import (
	"fmt"
	"time"
)

// What a limit may count.
const (
	// Orders are counted for each account.
	Orders = "orders"
	// Certificates are counted for each set of names.
	Certificates = "certificates for the same names"
	// Failures are failed validations, counted for each name.
	Failures = "failed validations"
	// FailuresInARow are counted for each name. A validation that succeeds sets their
	// number to 0.
	FailuresInARow = "failed validations in a row"
)

// A Limit says how often something may be done. Each time counts one, and after each
// Refill one is forgotten. Beyond Most, the CA refuses.
type Limit struct {
	Name   string        `json:"name"` // what is counted
	Most   int           `json:"most"`
	Refill time.Duration `json:"-"`
	Per    string        `json:"per"`   // the time of Most refills, in words
	After  string        `json:"after"` // what the CA does beyond Most, in words
}

// Check returns an error if the limit counts something unknown, or says too little.
func (l Limit) Check() error {
	switch l.Name {
	case Orders, Certificates, Failures, FailuresInARow:
	default:
		return fmt.Errorf("name: found %q, expected %q, %q, %q or %q", l.Name,
			Orders, Certificates, Failures, FailuresInARow)
	}
	if l.Most < 1 || l.Refill <= 0 || l.Per == "" || l.After == "" {
		return fmt.Errorf("most, refill, per, after of %q: expected two numbers above 0 and two texts",
			l.Name)
	}
	return nil
}
