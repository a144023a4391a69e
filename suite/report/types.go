package report

import "time"

// Schema is the version of report.json that this package writes and reads.
// Additional optional fields do not change it.
const Schema = 1

// Report is the content of report.json: one run of the suite against one
// target. Every requirement of the catalogue appears in Results, in catalogue
// order, whether or not it was run.
type Report struct {
	Schema int    `json:"schema"`
	Suite  Suite  `json:"suite"`
	Target Target `json:"target"`

	World       string `json:"world"`        // "namespace" or "loopback"
	WorldReason string `json:"world_reason"` // why not namespace; else ""
	CA          string `json:"ca"`           // "edge" or "stock"
	Go          string `json:"go"`           // Go version that built the suite, "go1.26.8"
	OS          string `json:"os"`           // "linux/amd64"

	Started    time.Time `json:"started"`     // UTC, whole seconds
	DurationMS int64     `json:"duration_ms"` // wall time of the run
	CPUMS      int64     `json:"cpu_ms"`      // CPU time of the run and its targets
	Issuances  int       `json:"issuances"`   // certificates that the CA issued
	Exit       int       `json:"exit"`        // exit code of the command, see ExitCode

	// Error says why the run itself failed (probe, harness); "" if it did not.
	Error string `json:"error,omitempty"`
	// Strict says that a failed SHOULD fails the run.
	Strict bool `json:"strict,omitempty"`
	// Interrupted says that the run was ended by a signal.
	Interrupted bool `json:"interrupted,omitempty"`

	Summary Summary `json:"summary"`
	// SkippedCases counts skipped cases of requirements that nevertheless
	// have a verdict, so that no test is skipped unnoticed.
	SkippedCases int      `json:"skipped_cases,omitempty"`
	Results      []Result `json:"results"`
}

// Suite identifies what judged.
type Suite struct {
	Version   string `json:"version"`   // of Assay, "v0.1.0"
	Catalogue string `json:"catalogue"` // digest of the catalogue, "sha256:…"
}

// Target identifies what was judged.
type Target struct {
	Name     string   `json:"name"`
	Version  string   `json:"version"`  // as it prints it; "" if unknown
	Autocert string   `json:"autocert"` // version of golang.org/x/crypto, "v0.58.0"; "" if unknown
	Profiles []string `json:"profiles"` // chapters that it claims
}

// Counts holds the number of requirements by status. A status that did not
// occur is absent.
type Counts map[Status]int

// Summary counts requirements by level and status.
type Summary struct {
	Must    Counts `json:"MUST"`
	Should  Counts `json:"SHOULD"`
	May     Counts `json:"MAY"`
	Observe Counts `json:"OBSERVE"`
}

// Result is the verdict on one requirement.
type Result struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Level   Level  `json:"level"`
	Profile string `json:"profile"` // the chapter
	Source  string `json:"source"`
	// Text is the promise in full.
	Text string `json:"text,omitempty"`

	Status Status `json:"status"`
	// Reason is one line: why the status is not plainly "passed".
	Reason string `json:"reason,omitempty"`
	// Detail is the whole message, where it has more than the one line.
	Detail string `json:"detail,omitempty"`
	// DurationMS is the time that all cases took together.
	DurationMS int64 `json:"duration_ms"`
	// UsedCA says that a CA was there for the target to turn to, in one case at
	// least.
	UsedCA bool `json:"used_ca,omitempty"`
	// TriedTwice says why the requirement was tried for a second time, whose
	// outcome counts. It is empty if it was tried once, or has cases.
	TriedTwice string `json:"tried_twice,omitempty"`
	// KnownFailure is the target's entry that applied to the result.
	KnownFailure *Excuse `json:"known_failure,omitempty"`

	// Cases are the rows of the requirement's table; none if it has no table.
	Cases []Case `json:"cases,omitempty"`
	// Observations are masked: equal in two runs of one build.
	Observations []Observation `json:"observations,omitempty"`
	// Evidence is that of the case that decided the status.
	Evidence *Evidence `json:"evidence,omitempty"`
}

// Case is the verdict on one row of a requirement's table.
type Case struct {
	Case   string `json:"case"`
	Status Status `json:"status"`
	Reason string `json:"reason,omitempty"`
	Detail string `json:"detail,omitempty"`

	DurationMS   int64   `json:"duration_ms,omitempty"`
	TriedTwice   string  `json:"tried_twice,omitempty"` // see Result
	KnownFailure *Excuse `json:"known_failure,omitempty"`
	// Evidence is absent from the case whose evidence the result carries.
	Evidence *Evidence `json:"evidence,omitempty"`
}

// Excuse is an entry of the target's known failures, as it was applied.
type Excuse struct {
	Reason string `json:"reason"`
	Link   string `json:"link,omitempty"`
	Until  string `json:"until,omitempty"` // last day on which it counts, "2027-06-30"
	// Void says why the entry excuses nothing (expired, other failure than
	// the one described). A failure with a void excuse fails the run at any
	// level, so that lists of known failures stay true.
	Void string `json:"void,omitempty"`
}

// Observation is one comparable fact about the target.
type Observation struct {
	// Kind is one of chain, acme, error, alert, file, log, protocol,
	// schedule, count.
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Case names the row that observed it; "" in a requirement without table.
	Case string `json:"case,omitempty"`
	// Value is any JSON value.
	Value any `json:"value"`
}

// Evidence is what a person needs to understand and to repeat a result. It is
// raw and never compared, but secrets are redacted.
type Evidence struct {
	// Dir is where the files are, relative to the report, with slashes.
	Dir    string     `json:"dir,omitempty"`
	Config string     `json:"config,omitempty"` // the target's configuration file
	Log    []string   `json:"log,omitempty"`    // lines that the target wrote
	ACME   []Exchange `json:"acme,omitempty"`   // the CA's journal
	Repeat string     `json:"repeat,omitempty"` // command that repeats the result

	// Files are further files for Dir: content by name. They are written
	// beside the report, not into it.
	Files map[string]string `json:"-"`
}

// Exchange is one entry of the CA's journal.
type Exchange struct {
	TMS    int64  `json:"t_ms"` // milliseconds since the spec began
	From   string `json:"from"`
	To     string `json:"to"`
	What   string `json:"what"` // "POST newOrder"
	Status int    `json:"status,omitempty"`
	Detail string `json:"detail,omitempty"` // problem type and detail
	Fault  string `json:"fault,omitempty"`  // the fault that the edge injected here
}
