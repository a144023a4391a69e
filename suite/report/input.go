package report

import (
	"regexp"
	"time"
)

// Input is everything that a verdict depends on.
type Input struct {
	Suite       Suite
	Target      Target
	World       string
	WorldReason string
	CA          string
	Go, OS      string
	Started     time.Time
	Duration    time.Duration
	CPU         time.Duration
	Issuances   int

	// Error says why the run itself failed (probe, harness); exit code 2.
	// With no outcome at all, every claimed requirement is skipped for it.
	Error string
	// Interrupted says that the run was ended by a signal; exit code 130.
	Interrupted bool
	// Strict lets a failed SHOULD fail the run.
	Strict bool

	// Requirements is the whole catalogue, in order.
	Requirements []Requirement
	// Outcomes are the results of the specs, in any order: exactly one for
	// every case of every requirement that is claimed and selected.
	Outcomes []Outcome
	// Known are the target's known failures whose version range covers the
	// target.
	Known []KnownFailure
	// Deselected holds what --only, --skip and --profile left out: the reason
	// ("--only 'BYO-*'") by ID or ID/case.
	Deselected map[string]string
	// Repeat returns the command that repeats the given requirements; the
	// first is the one in question, the others are those that it needs. May
	// be nil.
	Repeat func(ids ...string) string
}

// Requirement is what Gather needs to know of a catalogue entry.
type Requirement struct {
	ID      string
	Title   string
	Level   Level
	Profile string // the chapter
	Source  string
	Text    string
	Needs   []string // IDs, ID/cases or chapters
	Cases   []string // names of the rows, in order; empty if there is no table

	// Claimed says that the target claims the chapter and every chapter in
	// Needs.
	Claimed bool
	// Autocert is the verdict on the entry's range of x/crypto versions.
	Autocert Range
	// AutocertRange is the range as written, ">= 0.45.0"; "" for all.
	AutocertRange string
}

// Range says whether the target's version of x/crypto lies in the range for
// which a requirement holds.
type Range int

// The verdicts on a range. Unknown and Holds are judged, Outside is observed.
const (
	Unknown Range = iota
	Holds
	Outside
)

// Outcome is what a spec reports about one case, before anything is judged. It
// is plain JSON, so that a worker can hand it to the process that gathers.
type Outcome struct {
	ID     string `json:"id"`
	Case   string `json:"case,omitempty"`
	Status Status `json:"status"` // Passed, Failed, Skipped or Error
	// Reason is the spec's message, of any number of lines.
	Reason       string            `json:"reason,omitempty"`
	Duration     time.Duration     `json:"duration,omitempty"`
	UsedCA       bool              `json:"used_ca,omitempty"`     // see Result
	TriedTwice   string            `json:"tried_twice,omitempty"` // see Result
	Observations []Observation     `json:"observations,omitempty"`
	Evidence     *Evidence         `json:"evidence,omitempty"`
	Files        map[string]string `json:"files,omitempty"` // for the evidence directory: content by name
	// Roles names the addresses, ports, directories and names of this spec,
	// see Mask.
	Roles map[string]string `json:"roles,omitempty"`
	// Secrets are values of this spec that must not appear in the report, see
	// Redactor. They are looked for in what the spec brings home.
	Secrets []string `json:"secrets,omitempty"`
}

// KnownFailure is an entry of the target file's known_failures that applies to
// the target's version.
type KnownFailure struct {
	ID     string         // ID or ID/case
	Seen   *regexp.Regexp // on the failure's whole reason; nil excuses any failure
	Reason string
	Link   string
	Until  string // last day on which it counts, for messages
	// Expired says that Until has passed: the entry excuses nothing.
	Expired bool
}
