package report

import "time"

// Schema is the version of report.json that this package writes and reads.
// Additional optional fields do not change it.
const Schema = 1

// Report is the content of report.json: one run of the suite against one
// target.
type Report struct {
	Schema int    `json:"schema"`
	Suite  Suite  `json:"suite"`
	Target Target `json:"target"`

	World       string `json:"world"`        // "namespace" or "loopback"
	WorldReason string `json:"world_reason"` // why not namespace; else ""
	CA          string `json:"ca"`           // preset of the CA, such as "letsencrypt"
	Go          string `json:"go"`           // Go version that built the suite, "go1.26.8"
	OS          string `json:"os"`           // "linux/amd64"

	// Workers is the number of specs that were run at a time, and WorkersReason says
	// why.
	Workers       int    `json:"workers,omitempty"`
	WorkersReason string `json:"workers_reason,omitempty"`

	Started    time.Time `json:"started"`     // UTC, whole seconds
	DurationMS int64     `json:"duration_ms"` // wall time of the run
	CPUMS      int64     `json:"cpu_ms"`      // CPU time of the run and of its targets
	Issuances  int       `json:"issuances"`   // certificates that the CA issued
	Exit       int       `json:"exit"`        // exit code of the command, see ExitCode

	// Error says why the run itself failed (probe, harness); "" if it did not.
	Error string `json:"error,omitempty"`
	// Strict says that a failed SHOULD fails the run too.
	Strict bool `json:"strict,omitempty"`
	// Interrupted says that the run was ended by a signal.
	Interrupted bool `json:"interrupted,omitempty"`
	// Stopped says why the run ended before all cases were tried, for a reason
	// that the user gave: --fail-fast, or --timeout.
	Stopped string `json:"stopped,omitempty"`
	// Selection says what the user selected; nil for the whole catalogue.
	Selection *Selection `json:"selection,omitempty"`

	Summary Summary `json:"summary"`
	// SkippedCases counts the skipped cases of requirements that have a
	// verdict all the same.
	SkippedCases int `json:"skipped_cases,omitempty"`
	// NotSelected counts the requirements that the user left out of the run, by
	// --only, --skip, --profile or --shard. Summary counts them as skipped.
	NotSelected int `json:"not_selected,omitempty"`
	// LeftAside lists the entries of the target's known failures that said
	// nothing about this run, in the order of the target file.
	LeftAside []LeftAside `json:"known_failures_left_aside,omitempty"`
	// Limits say how near the target came to the rate limits of the run's CA; none if the
	// CA has none, or issued nothing to be counted.
	Limits []Limit `json:"limits,omitempty"`
	// Results holds every requirement of the catalogue, in its order, whether
	// or not it was run.
	Results []Result `json:"results"`
}

// Selection says what a run was asked to try.
type Selection struct {
	Only []string `json:"only,omitempty"`
	// LastFailed is the directory of the report whose failures Only holds, with what
	// they need; "" if the user wrote Only.
	LastFailed string `json:"last_failed,omitempty"`

	Skip     []string `json:"skip,omitempty"`
	Profiles []string `json:"profiles,omitempty"`
	// Shard is the part of these that the run tried, "1/3"; "" for all of it.
	Shard string `json:"shard,omitempty"`
}

// Suite identifies the suite that judged.
type Suite struct {
	Version   string `json:"version"`   // of Assay, "v0.1.0"
	Catalogue string `json:"catalogue"` // digest of the catalogue, "sha256:…"
}

// Target identifies the server that was judged.
type Target struct {
	Name string `json:"name"`
	// Version is the output of the target's version command; "" if unknown.
	Version string `json:"version"`
	// Autocert is the version of golang.org/x/crypto in the target, "v0.58.0";
	// "" if unknown.
	Autocert string `json:"autocert"`
	// Profiles are the chapters that the target claims.
	Profiles []string `json:"profiles"`
}
