package atlas

import (
	"slices"

	"golang.org/x/mod/semver"

	"assay/suite/report"
	"assay/suite/report/diff"
)

// add adds a state. If the requirement has an equal state, add only adds the
// releases to it.
func (r *Requirement) add(s State) {
	for i := range r.States {
		if r.States[i].equal(&s) {
			r.States[i].Releases = append(r.States[i].Releases, s.Releases...)
			return
		}
	}
	r.States = append(r.States, s)
}

// equal reports whether a diff of two releases in these states is empty.
func (s *State) equal(o *State) bool {
	a, b := s.result(), o.result()
	return diff.Same(&a, &b)
}

// result returns the state as a result of a report.
func (s *State) result() report.Result {
	x := report.Result{
		Status: s.Status, DidNotHold: s.Broken && s.Status == report.Observed,
		Reason: s.Reason, Observations: s.Observations,
	}
	for _, c := range s.Cases {
		x.Cases = append(x.Cases, report.Case{
			Case: c.Case, Status: c.Status, DidNotHold: c.Broken && c.Status == report.Observed,
			Reason: c.Reason,
		})
	}
	return x
}

// At returns the state of a requirement in the release that was run with the
// version tried, and the index of the state. It returns nil and -1 if the
// requirement was not run.
func (r *Requirement) At(tried string) (*State, int) {
	for i := range r.States {
		if slices.Contains(r.States[i].Releases, tried) {
			return &r.States[i], i
		}
	}
	return nil, -1
}

// sort sorts releases and states by version, oldest first. Settings keep their order.
func (a *Atlas) sort() {
	if !a.hasVersions() {
		return
	}
	slices.SortFunc(a.Releases, func(x, y Release) int {
		return semver.Compare(x.Tried, y.Tried)
	})
	for i := range a.Results {
		r := &a.Results[i]
		for k := range r.States {
			semver.Sort(r.States[k].Releases)
		}
		slices.SortFunc(r.States, func(x, y State) int {
			return semver.Compare(x.Releases[0], y.Releases[0])
		})
	}
}

// Report returns the results of one release as a report.
func (a *Atlas) Report(release Release) *report.Report {
	r := &report.Report{
		Schema: report.Schema, Suite: a.Suite, World: a.World, CA: a.CA, Go: a.Go, OS: a.OS,
		Target: report.Target{Name: a.Target, Autocert: release.Tried}, Exit: release.Exit,
	}
	for i := range a.Results {
		q := &a.Results[i]
		var x report.Result
		if s, _ := q.At(release.Tried); s != nil {
			x = s.result()
		} else {
			x.Status, x.LeftOut = report.Skipped, true
			x.Reason = "only run with other versions"
		}
		x.ID, x.Title, x.Level, x.Profile = q.ID, q.Title, q.Level, q.Profile
		r.Results = append(r.Results, x)
	}
	return r
}

// ran reports whether a release has a result.
func (a *Atlas) ran(release Release) bool {
	return slices.ContainsFunc(a.Results, func(r Requirement) bool {
		s, _ := r.At(release.Tried)
		return s != nil
	})
}

// A Step compares a release with the one before it. A release without results has
// no diff, and the release after it is compared with the release before it.
type Step struct {
	From, To Release
	Diff     *diff.Diff // nil if one of the two has no results
}

// Steps returns the changes from release to release, newest first.
func (a *Atlas) Steps() []Step {
	var steps []Step
	from := a.Releases[0]
	for _, to := range a.Releases[1:] {
		step := Step{From: from, To: to}
		switch {
		case !a.ran(to):
		case a.ran(from):
			step.Diff = diff.Compare(a.Report(from), a.Report(to))
			fallthrough
		default:
			from = to
		}
		steps = append(steps, step)
	}
	slices.Reverse(steps)
	return steps
}
