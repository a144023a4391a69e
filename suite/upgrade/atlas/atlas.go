// Package atlas holds what the suite saw of one server with many versions of
// golang.org/x/crypto: which promise each keeps, and what changed where.
package atlas

import (
	"slices"

	"assay/suite/report"
)

// Schema is the version of atlas.json that this package writes and reads.
const Schema = 1

// Atlas is the content of atlas.json. Parts made on different machines have
// the same form.
type Atlas struct {
	Schema int          `json:"schema"`
	Module string       `json:"module"` // whose versions are compared
	Suite  report.Suite `json:"suite"`
	Target string       `json:"target"`
	World  string       `json:"world"`
	CA     string       `json:"ca"`
	Go     string       `json:"go"`
	OS     string       `json:"os"`

	Releases []Release     `json:"releases"` // oldest first
	Results  []Requirement `json:"results"`  // in catalogue order
}

// Release is versions with the same sources, of which one was run.
type Release struct {
	Versions []string `json:"versions"` // oldest first
	Tried    string   `json:"tried"`    // the one that was run
	Sources  string   `json:"sources"`  // digest of the sources
	Exit     int      `json:"exit"`     // of the run, see report.ExitCode
	// Failure says why the release could not be tried, or some requirements of
	// it could not. They are in none of the states.
	Failure string `json:"failure,omitempty"`
	// Notes explain, for people, what changed with the release.
	Notes []Note `json:"notes,omitempty"`
}

// Note explains a change.
type Note struct {
	Text string   `json:"text" yaml:"text" jsonschema:"required,minLength=1"`
	IDs  []string `json:"ids,omitempty" yaml:"ids"` // the requirements that show it
	Link string   `json:"link,omitempty" yaml:"link" jsonschema:"minLength=1"`
}

// Requirement is what became of one requirement.
type Requirement struct {
	ID      string       `json:"id"`
	Title   string       `json:"title"`
	Level   report.Level `json:"level"`
	Profile string       `json:"profile"`
	// States differ from each other. A release that is in none of them was not
	// run with this requirement, or came to no verdict.
	States []State `json:"states"`
}

// State is what releases have in common in one requirement.
type State struct {
	Releases []string      `json:"releases"` // their Tried
	Status   report.Status `json:"status"`
	Broken   bool          `json:"broken,omitempty"` // an assertion failed, whether or not it is judged
	// Reason is that of the release that was entered first: another's may be
	// in other words.
	Reason       string               `json:"reason,omitempty"`
	Cases        []Case               `json:"cases,omitempty"`
	Observations []report.Observation `json:"observations,omitempty"`
}

// Case is what became of one case.
type Case struct {
	Case   string        `json:"case"`
	Status report.Status `json:"status"`
	Broken bool          `json:"broken,omitempty"`
	Reason string        `json:"reason,omitempty"`
}

// New begins an atlas with the facts that all its runs share.
func New(module string, r *report.Report) *Atlas {
	return &Atlas{
		Schema: Schema, Module: module, Suite: r.Suite, Target: r.Target.Name,
		World: r.World, CA: r.CA, Go: r.Go, OS: r.OS,
		Releases: []Release{}, Results: []Requirement{},
	}
}

// Add enters a release, with its run if there was one.
func (a *Atlas) Add(release Release, r *report.Report) {
	a.Releases = append(a.Releases, release)
	mask := report.NewMask(nil)
	if r != nil {
		for i := range r.Results {
			if x := &r.Results[i]; tells(r, x) {
				a.requirement(x).add(stateOf(release.Tried, x, mask))
			}
		}
	}
	a.sort()
}

// tells says that a result is about the release: not what was left out, not
// what failed in Assay itself, and not what a run that failed did not come to.
func tells(r *report.Report, x *report.Result) bool {
	switch x.Status {
	case report.Error:
		return false
	case report.Skipped:
		return r.Error == "" && !x.LeftOut()
	}
	return x.Ran()
}

func (a *Atlas) requirement(x *report.Result) *Requirement {
	i := slices.IndexFunc(a.Results, func(r Requirement) bool { return r.ID == x.ID })
	if i < 0 {
		i = len(a.Results)
		a.Results = append(a.Results, Requirement{ID: x.ID, Title: x.Title, Level: x.Level, Profile: x.Profile})
	}
	return &a.Results[i]
}

// stateOf takes from a result what can be compared, with reasons masked.
func stateOf(tried string, x *report.Result, mask *report.Mask) State {
	s := State{Releases: []string{tried}, Status: x.Status, Broken: x.Broken(), Reason: mask.Text(x.Reason), Observations: x.Facts()}
	for i := range x.Cases {
		c := &x.Cases[i]
		s.Cases = append(s.Cases, Case{Case: c.Case, Status: c.Status, Broken: c.Broken(), Reason: mask.Text(c.Reason)})
	}
	return s
}

// Exit is the exit code of the newest run: an atlas does not fail for what was
// wrong with old versions.
func (a *Atlas) Exit() int {
	if len(a.Releases) == 0 {
		return report.ExitTrouble
	}
	return a.Releases[len(a.Releases)-1].Exit
}
