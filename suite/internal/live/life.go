// Package live takes one server through time, with a CA of its own that lives at the
// same time, and records the life of its certificates.
package live

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"assay/pebble"
	"assay/pebble/ledger"
	"assay/pebble/presets"
	"assay/suite/internal/clock"
)

// Options say which server is taken through how much time.
type Options struct {
	Target   string   // target file, or the name of a built-in target
	Bin      string   // executable that takes the place of the target's own
	Env      []string // further KEY=VALUE for the target
	World    string   // "auto" (default), "namespace" or "loopback"
	For      Span     // how much time passes
	CA       string   // preset of the CA, see package presets; empty means DefaultCA
	Lifetime Span     // of the certificates that the CA issues; 0 means the preset's
	Step     Span     // how often a client comes by
	Outages  []Outage // when the CA cannot be reached
}

// DefaultCA is the preset of the CA that most servers have in life.
const DefaultCA = "letsencrypt"

// complete sets defaults.
func (o Options) complete() (Options, error) {
	o.CA = cmp.Or(o.CA, DefaultCA)
	if _, ok := presets.Find(o.CA); !ok {
		return o, fmt.Errorf("CA: found %q, expected one of %s", o.CA,
			strings.Join(presets.Names(), ", "))
	}
	o.Lifetime = cmp.Or(o.Lifetime, Span(o.preset().Lifetime), Span(pebble.DefaultValidity))
	return o, nil
}

func (o Options) preset() presets.Preset {
	p, _ := presets.Find(o.CA)
	return p
}

// A Life records what happened to a server's certificates while time passed. "assay live
// --json" prints it.
type Life struct {
	Schema int       `json:"schema"` // 1
	Assay  string    `json:"assay,omitempty"`
	Target Target    `json:"target"`
	World  string    `json:"world"`
	Preset string    `json:"preset"` // of the CA
	For    Span      `json:"for"`
	Life   Span      `json:"lifetime"`
	Step   Span      `json:"step"`
	Outage []Outage  `json:"outages,omitempty"`
	Began  time.Time `json:"began"`  // the target's time at its start
	Passed Seconds   `json:"passed"` // how much time has passed
	Took   float64   `json:"took_s"` // in real seconds

	Certificates []Certificate `json:"certificates"`
	Attempts     []Attempt     `json:"failed_attempts,omitempty"`
	Warnings     []Warning     `json:"warnings,omitempty"`
	Clients      Clients       `json:"clients"`
	CA           CA            `json:"ca"`
	// Ledger says how near the server came to the rate limits of Let's Encrypt.
	Ledger   []ledger.Row `json:"ledger"`
	LogLines int          `json:"log_lines"`
	// Ended says how the server ended before all the time had passed.
	Ended string `json:"ended,omitempty"`

	Clock   clock.Seen `json:"clock"`
	Verdict string     `json:"verdict"`
	Exit    int        `json:"exit"`
}

// Seconds is a length of time, in JSON a number of seconds.
type Seconds int64

func seconds(d time.Duration) Seconds { return Seconds(d.Round(time.Second) / time.Second) }

// Duration returns the length of time.
func (s Seconds) Duration() time.Duration { return time.Duration(s) * time.Second }

// Target names the server.
type Target struct {
	Name      string `json:"name"`
	Version   string `json:"version,omitempty"`
	Autocert  string `json:"autocert,omitempty"` // version of golang.org/x/crypto
	Challenge string `json:"challenge"`
}

// A Certificate is one that the CA has issued.
type Certificate struct {
	Serial   string    `json:"serial"`
	Key      string    `json:"key"`
	IssuedAt time.Time `json:"issued_at"`
	Passed   Seconds   `json:"passed"` // since the start
	NotAfter time.Time `json:"not_after"`
	// Left is the time that the certificate had left that clients were served when
	// this one was issued; nil for the first one. Below 0 it had expired.
	Left *Seconds `json:"left,omitempty"`
	// Served is when a client was first served the certificate, since the start; nil
	// if that has not happened.
	Served *Seconds `json:"served,omitempty"`
}

// An Attempt is an exchange with the CA in which no certificate was issued.
type Attempt struct {
	At       time.Time `json:"at"`
	Passed   Seconds   `json:"passed"`
	Requests int       `json:"requests"`
	Reason   string    `json:"reason"` // what the CA said last
	// Left is the time that the certificate had left that clients were served.
	Left *Seconds `json:"left,omitempty"`
}

// A Warning is a line of the log that says it is a warning or an error, with the others
// like it.
type Warning struct {
	Text  string  `json:"text"` // of the first line
	Level string  `json:"level"`
	Count int     `json:"count"`
	First Seconds `json:"first"`
	Last  Seconds `json:"last"`
}

// Clients counts the clients that came by, one for each step.
type Clients struct {
	Handshakes int `json:"handshakes"`
	Failed     int `json:"failed"`
	// Gaps are the times in which clients were not served a valid certificate.
	Gaps []Gap `json:"gaps,omitempty"`
}

// A Gap is a time in which clients were not served a valid certificate, as they saw it
// at each step.
type Gap struct {
	From   Seconds  `json:"from"`
	To     *Seconds `json:"to,omitempty"` // nil if it lasted until the end
	Reason string   `json:"reason"`       // of the first client
}

// CA counts what the CA saw.
type CA struct {
	Requests    int `json:"requests"`
	Orders      int `json:"orders"`
	Issued      int `json:"issued"`
	Validations int `json:"failed_validations"`
}

// An Event is one line of the life as it goes on. Kind is one of the constants below.
type Event struct {
	Kind   string  `json:"kind"`
	Passed Seconds `json:"passed"`
	Text   string  `json:"text"`
}

// The kinds of events.
const (
	KindStarted = "started"
	KindIssued  = "issued"
	KindServed  = "served"
	KindFailed  = "failed"
	KindWarning = "warning"
	KindGap     = "gap"
	KindCovered = "covered"
	KindOutage  = "outage"
	KindEnded   = "ended"
)
