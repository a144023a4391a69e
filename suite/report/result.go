package report

import (
	"slices"
	"strings"

	"assay/scenarios"
	"assay/suite/report/words"
)

// Result is the verdict on one requirement.
type Result struct {
	ID      string          `json:"id"`
	Title   string          `json:"title"`
	Level   scenarios.Level `json:"level"`
	Profile string          `json:"profile"` // the chapter
	Source  string          `json:"source"`
	// Text is the promise in full.
	Text string `json:"text,omitempty"`
	// Why says why the promise matters to somebody who runs the server.
	Why string `json:"why,omitempty"`
	// Remedy says what usually mends a server that breaks the promise.
	Remedy string `json:"remedy,omitempty"`

	Status Status `json:"status"`
	// Reason says on one line why the status is not simply "passed".
	Reason string `json:"reason,omitempty"`
	// Detail is the whole message, if it says more than Reason.
	Detail string `json:"detail,omitempty"`
	// Cause says in words why the result failed, where the run found a cause for
	// which other results fail too, such as that no request of the target reached
	// the CA.
	Cause string `json:"cause,omitempty"`
	// DidNotHold says of an observed result that an assertion failed. The
	// status says so of other results: see [Result.Broken].
	DidNotHold bool `json:"did_not_hold,omitempty"`
	// LeftOut says that the user left the requirement out of the run, by
	// --only, --skip, --profile or --shard. The status is [Skipped].
	LeftOut bool `json:"left_out,omitempty"`
	// Unclaimed names the chapters that the target would have to claim. The
	// status is [NotClaimed].
	Unclaimed []string `json:"unclaimed,omitempty"`
	// DurationMS is the time that all cases took together.
	DurationMS int64 `json:"duration_ms"`
	// UsedCA says that at least one case had a CA that the target could use.
	UsedCA bool `json:"used_ca,omitempty"`
	// TriedTwice says why the requirement was tried a second time. The outcome of
	// the second try counts. It is empty if the requirement was tried once, or
	// has cases.
	TriedTwice string `json:"tried_twice,omitempty"`
	// KnownFailure is the entry of the target's known failures that applied.
	KnownFailure *Excuse `json:"known_failure,omitempty"`

	// Cases are the rows of the requirement's table, if it has one.
	Cases []Case `json:"cases,omitempty"`
	// Observations are masked, so that two runs of one build have equal ones.
	Observations []Observation `json:"observations,omitempty"`
	// Evidence is that of the case that decided the status.
	Evidence *Evidence `json:"evidence,omitempty"`
}

// The beginnings of the texts of [Result.Cause].
const (
	CauseNoContact     = "the server never contacted the CA at acme_url"
	CauseNoTLS         = "the server got no TLS connection to the CA at acme_url"
	CauseNoCertificate = "the server turned to the CA at acme_url and got no certificate"
	CauseNoListener    = "the server never listened at tls_letsencrypt_listen for the CA's questions"
)

// Case is the verdict on one row of a requirement's table. Its fields have the
// meaning of those of [Result].
type Case struct {
	Case       string `json:"case"` // name of the row
	Status     Status `json:"status"`
	Reason     string `json:"reason,omitempty"`
	Detail     string `json:"detail,omitempty"`
	DidNotHold bool   `json:"did_not_hold,omitempty"`
	LeftOut    bool   `json:"left_out,omitempty"`

	DurationMS   int64   `json:"duration_ms,omitempty"`
	TriedTwice   string  `json:"tried_twice,omitempty"`
	KnownFailure *Excuse `json:"known_failure,omitempty"`
	// Evidence is nil for the case whose evidence the result has.
	Evidence *Evidence `json:"evidence,omitempty"`
}

// Excuse is an entry of the target's known failures, as it was applied.
type Excuse struct {
	Reason string `json:"reason"`
	Link   string `json:"link,omitempty"`
	Until  string `json:"until,omitempty"` // last day on which it counts, "2027-06-30"
	// Void says why the entry excuses nothing: it has expired, or describes
	// another failure. A failure with a void excuse fails the run at any
	// level, so that lists of known failures stay true.
	Void string `json:"void,omitempty"`
	// Note says that the entry is for certain versions of the target, and was
	// applied because the target's version is unknown.
	Note string `json:"note,omitempty"`
}

// LeftAside is an entry of the target's known failures that does not apply to
// the run.
type LeftAside struct {
	ID      string `json:"id"`                // ID or ID/case
	Version string `json:"version,omitempty"` // the versions of the target that fail, "< 0.29.3"
	Reason  string `json:"reason"`            // the entry's own
	// Why says why the entry does not apply.
	Why string `json:"why"`
}

// Ran reports whether the requirement was run to a verdict.
func (r *Result) Ran() bool {
	return r.Status != "" && r.Status != Skipped && r.Status != NotClaimed
}

// Broken reports whether an assertion failed, judged or not, in the result or in
// one of its cases.
func (r *Result) Broken() bool {
	return r.Status.broken() || r.DidNotHold || slices.ContainsFunc(r.Cases, Case.Broken)
}

// Broken reports whether an assertion failed, judged or not.
func (c Case) Broken() bool { return c.Status.broken() || c.DidNotHold }

// Fails reports whether the result fails the run: an error, an unexpected pass,
// a failed MUST, a failed SHOULD if the run is strict, and at any level a
// failure that is listed as known but differs from its entry or has expired.
func (r *Result) Fails(strict bool) bool {
	switch r.Status {
	case Error, UnexpectedPassed:
		return true
	case Failed:
		return r.Level == scenarios.Must || r.Level == scenarios.Should && strict || r.void()
	default:
		return false
	}
}

// NotOffered reports whether the result is a MAY that the target does not offer.
func (r *Result) NotOffered() bool {
	return r.Status == Failed && r.Level == scenarios.May && !r.void()
}

// void reports whether an entry of the target's known failures about the result
// or one of its cases is not true.
func (r *Result) void() bool {
	return r.KnownFailure.void() || slices.ContainsFunc(r.Cases, func(c Case) bool {
		return c.Status == UnexpectedPassed || c.Status == Failed && c.KnownFailure.void()
	})
}

func (e *Excuse) void() bool { return e != nil && e.Void != "" }

// Message returns the reason and the detail as one text, without what both say.
func (r *Result) Message() string { return message(r.Reason, r.Detail) }

// Message returns the reason and the detail as one text, without what both say.
func (c Case) Message() string { return message(c.Reason, c.Detail) }

func message(reason, detail string) string {
	if detail == "" {
		return reason
	}
	if strings.HasSuffix(reason, words.Headline(detail)) {
		return detail
	}
	first, _, _ := strings.Cut(strings.TrimSpace(detail), "\n")
	if strings.Contains(reason, words.OneLine(first)+"; seen ") { // as older suites wrote it
		return detail
	}
	return reason + "\n" + detail
}
