package presets

import (
	"time"

	"assay/pebble/ledger"
)

// A Limit is a rate limit of a CA, see [ledger.Limit].
type Limit struct {
	Name   string `yaml:"name"`
	Most   int    `yaml:"most"`
	Refill Span   `yaml:"refill"`
	Per    string `yaml:"per"`
	After  string `yaml:"after"`
}

func (l Limit) limit() ledger.Limit {
	return ledger.Limit{
		Name: l.Name, Most: l.Most, Refill: time.Duration(l.Refill), Per: l.Per, After: l.After,
	}
}

// RateLimits returns the rate limits of the CA. It returns none for a CA that has none, or
// whose limits nobody has documented.
func (p Preset) RateLimits() (all []ledger.Limit) {
	for _, l := range p.Limits {
		all = append(all, l.limit())
	}
	return all
}

// LetsEncryptLimits returns the rate limits of Let's Encrypt as they are today.
func LetsEncryptLimits() []ledger.Limit {
	p, _ := Find("letsencrypt") // a test finds it
	return p.RateLimits()
}
