package main

import "time"

// schedule is the output of the program. Times are seconds after the first
// look-up of a certificate.
type schedule struct {
	Schema  int      `json:"schema"`
	Span    int64    `json:"span_s"`
	Working []life   `json:"working"`
	Failing []outage `json:"failing"`
}

// life is the whole span with a working CA that issues for one lifetime.
type life struct {
	Lifetime  int64     `json:"lifetime_s"`
	Issued    int       `json:"issued"`
	Renewals  []renewal `json:"renewals"`
	Uncovered int64     `json:"uncovered_s"`
	Stopped   bool      `json:"stopped"`
}

// renewal is one certificate after the first.
type renewal struct {
	At   int64 `json:"at_s"`
	Left int64 `json:"left_s"`
}

// outage is a span in which the CA answers 500 to everything, from soon after
// the first certificate until one day after the first attempt at a renewal.
type outage struct {
	Lifetime int64     `json:"lifetime_s"`
	Attempts []attempt `json:"attempts"`
	Mended   int64     `json:"mended_s"`
	Renewed  int64     `json:"renewed_s"`
	Left     int64     `json:"left_s"`
	Stopped  bool      `json:"stopped"`
}

// attempt is a series of requests with less than pause between them.
type attempt struct {
	At       int64 `json:"at_s"`
	Requests int   `json:"requests"`
}

const (
	schema = 1
	span   = 2 * 365 * day
	day    = 24 * time.Hour
	look   = time.Hour        // between look-ups
	pause  = 30 * time.Second // ends an attempt
)

// lifetimes are those of Let's Encrypt: the default, the coming default, and
// that of the short-lived profile.
var lifetimes = []time.Duration{90 * day, 45 * day, 6 * day}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }
