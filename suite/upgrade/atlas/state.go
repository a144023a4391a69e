package atlas

import (
	"slices"

	"golang.org/x/mod/semver"

	"assay/suite/report"
	"assay/suite/report/diff"
)

// add enters a state, as one of its own only if no other equals it.
func (r *Requirement) add(s State) {
	for i := range r.States {
		if r.States[i].equal(&s) {
			r.States[i].Releases = append(r.States[i].Releases, s.Releases...)
			return
		}
	}
	r.States = append(r.States, s)
}

// equal says that a diff of two releases in these states would be empty.
func (s *State) equal(o *State) bool {
	a, b := s.result(), o.result()
	return diff.Same(&a, &b)
}

// result is the state as a report has it.
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

// At is the state of a requirement in the release that was tried as this
// version, and its number among the states; -1 if it was not run.
func (r *Requirement) At(tried string) (*State, int) {
	for i := range r.States {
		if slices.Contains(r.States[i].Releases, tried) {
			return &r.States[i], i
		}
	}
	return nil, -1
}

// sort puts everything into the order of versions, oldest first.
func (a *Atlas) sort() {
	slices.SortFunc(a.Releases, func(x, y Release) int { return semver.Compare(x.Tried, y.Tried) })
	for i := range a.Results {
		r := &a.Results[i]
		for k := range r.States {
			semver.Sort(r.States[k].Releases)
		}
		slices.SortFunc(r.States, func(x, y State) int { return semver.Compare(x.Releases[0], y.Releases[0]) })
	}
}

// Report is what an atlas knows of one release, as a report.
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

// ran says that something came of a release.
func (a *Atlas) ran(release Release) bool {
	return slices.ContainsFunc(a.Results, func(r Requirement) bool {
		s, _ := r.At(release.Tried)
		return s != nil
	})
}

// Step is what changed from one release to the next. Where nothing came of the
// next, there is no diff, and the one after it is compared with the one before.
type Step struct {
	From, To Release
	Diff     *diff.Diff
}

// Steps are the changes, newest first.
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
