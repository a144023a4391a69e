// Package atlas compares the results of one server built with many versions of
// golang.org/x/crypto, or built and run in other settings, such as by several Go
// toolchains. An atlas shows which requirements hold in each, and what changed from one to
// the next.
package atlas

import (
	"slices"
	"strings"

	"assay/scenarios"
	"assay/suite/internal/redact"
	"assay/suite/report"
	"assay/suite/upgrade"
)

// Schema is the version of atlas.json that this package writes and reads.
const Schema = 1

// An Atlas is the content of atlas.json. Parts of an atlas, made on different
// machines, have the same form.
type Atlas struct {
	Schema int          `json:"schema"`
	Module string       `json:"module"` // the module whose versions are compared, or Go, GODEBUG or CA
	Suite  report.Suite `json:"suite"`
	Target string       `json:"target"`
	World  string       `json:"world"`
	CA     string       `json:"ca"`
	Go     string       `json:"go"`
	OS     string       `json:"os"`

	Releases []Release     `json:"releases"` // versions: oldest first; others: as they were given
	Results  []Requirement `json:"results"`  // in catalogue order
}

// hasVersions reports whether an atlas compares versions of a module.
func (a *Atlas) hasVersions() bool {
	return !slices.Contains([]string{upgrade.Toolchains, upgrade.GODEBUG, upgrade.CAs}, a.Module)
}

// A Release is a group of versions with the same sources, or one setting. The suite was run
// with one of them.
type Release struct {
	Versions []string `json:"versions"` // oldest first
	Tried    string   `json:"tried"`    // the one that was run
	Sources  string   `json:"sources"`  // digest of the sources; of a setting: its name
	Exit     int      `json:"exit"`     // exit code of the run, see report.ExitCode
	// Failure says why the suite could not be run with this release, or why some
	// requirements came to no verdict. No state lists the release for these.
	Failure string `json:"failure,omitempty"`
	// Notes explain to readers what changed with the release.
	Notes []Note `json:"notes,omitempty"`
}

// A Note explains a change.
type Note struct {
	Text string   `json:"text" yaml:"text" jsonschema:"required,minLength=1"`
	IDs  []string `json:"ids,omitempty" yaml:"ids"` // the requirements that show it
	Link string   `json:"link,omitempty" yaml:"link" jsonschema:"minLength=1"`
}

// A Requirement holds the results of one requirement with all releases.
type Requirement struct {
	ID      string          `json:"id"`
	Title   string          `json:"title"`
	Level   scenarios.Level `json:"level"`
	Profile string          `json:"profile"`
	// States has one item for each different result. A release that no state lists
	// was not run with this requirement, or came to no verdict.
	States []State `json:"states"`
}

// A State is a result that one requirement has with several releases.
type State struct {
	Releases []string      `json:"releases"` // Tried of each release
	Status   report.Status `json:"status"`
	// Broken says that an assertion failed, whether or not it is judged.
	Broken bool `json:"broken,omitempty"`
	// Reason is the reason of the release that was added first. Other releases may
	// have it in other words.
	Reason       string               `json:"reason,omitempty"`
	Cases        []Case               `json:"cases,omitempty"`
	Observations []report.Observation `json:"observations,omitempty"`
}

// A Case is the result of one case.
type Case struct {
	Case   string        `json:"case"`
	Status report.Status `json:"status"`
	Broken bool          `json:"broken,omitempty"`
	Reason string        `json:"reason,omitempty"`
}

// New returns an atlas without releases, of the versions of a module, or of
// [upgrade.Toolchains], [upgrade.GODEBUG] or [upgrade.CAs]. It takes the facts that all runs
// share from a report.
func New(module string, r *report.Report) *Atlas {
	a := &Atlas{
		Schema: Schema, Module: module, Suite: r.Suite, Target: r.Target.Name,
		World: r.World, CA: r.CA, Go: r.Go, OS: r.OS,
		Releases: []Release{}, Results: []Requirement{},
	}
	if module == upgrade.CAs {
		a.CA = "each"
	}
	return a
}

// Add adds a release and the results of its run; r is nil if there was none.
func (a *Atlas) Add(release Release, r *report.Report) {
	a.Releases = append(a.Releases, release)
	mask := redact.NewMask(nil)
	if r != nil {
		for i := range r.Results {
			if x := &r.Results[i]; isAboutRelease(r, x) {
				a.requirement(x).add(stateOf(release.Tried, x, mask))
			}
		}
	}
	a.sort()
}

// isAboutRelease reports whether a result says something about the release. It
// does not if the requirement was left out, if Assay itself failed, or if the run
// failed before it came to the requirement.
func isAboutRelease(r *report.Report, x *report.Result) bool {
	switch x.Status {
	case report.Error:
		return false
	case report.Skipped:
		return r.Error == "" && !x.LeftOut
	}
	return x.Ran()
}

// requirement returns the entry of a result's requirement, and adds one if there is
// none.
func (a *Atlas) requirement(x *report.Result) *Requirement {
	i := slices.IndexFunc(a.Results, func(r Requirement) bool { return r.ID == x.ID })
	if i < 0 {
		i = len(a.Results)
		a.Results = append(a.Results, Requirement{
			ID: x.ID, Title: x.Title, Level: x.Level, Profile: x.Profile,
		})
	}
	return &a.Results[i]
}

// stateOf returns the parts of a result that can be compared. It masks what differs
// from run to run in reasons, and leaves out the version that was tried, since other
// releases may share the state.
func stateOf(tried string, x *report.Result, mask *redact.Mask) State {
	reason := func(text string) string {
		return mask.Text(strings.ReplaceAll(text, "autocert "+tried+" is", "autocert is"))
	}
	s := State{
		Releases: []string{tried}, Status: x.Status, Broken: x.Broken(),
		Reason: reason(x.Reason), Observations: x.Facts(),
	}
	for i := range x.Cases {
		c := &x.Cases[i]
		s.Cases = append(s.Cases, Case{
			Case: c.Case, Status: c.Status, Broken: c.Broken(), Reason: reason(c.Reason),
		})
	}
	return s
}

// Exit returns the exit code of the newest run. Failures with older versions do not
// change it.
func (a *Atlas) Exit() int {
	if len(a.Releases) == 0 {
		return report.ExitTrouble
	}
	return a.Releases[len(a.Releases)-1].Exit
}
