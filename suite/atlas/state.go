package atlas

import (
	"reflect"
	"slices"

	"golang.org/x/mod/semver"

	"assay/suite/report"
)

// add enters a state, as one of its own only if no other equals it.
func (r *Requirement) add(s State) {
	for i := range r.States {
		if r.States[i].equal(s) {
			r.States[i].Releases = append(r.States[i].Releases, s.Releases...)
			return
		}
	}
	r.States = append(r.States, s)
}

// equal compares what is comparable: reasons are for people.
func (s State) equal(o State) bool {
	if s.Status != o.Status || s.Broken != o.Broken || len(s.Cases) != len(o.Cases) {
		return false
	}
	for i, c := range s.Cases {
		d := o.Cases[i]
		if c.Case != d.Case || c.Status != d.Status || c.Broken != d.Broken {
			return false
		}
	}
	return reflect.DeepEqual(ordered(s.Observations), ordered(o.Observations))
}

func ordered(obs []report.Observation) []report.Observation {
	obs = slices.Clone(obs)
	slices.SortStableFunc(obs, func(a, b report.Observation) int {
		return slices.Compare([]string{a.Kind, a.Name, a.Case}, []string{b.Kind, b.Name, b.Case})
	})
	if len(obs) == 0 {
		return nil
	}
	return obs
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
		x := report.Result{ID: q.ID, Title: q.Title, Level: q.Level, Profile: q.Profile}
		s, _ := q.At(release.Tried)
		if s == nil {
			x.LeaveOut("only run with other versions")
		} else {
			x.Status, x.Reason, x.Observations = s.Status, s.Reason, s.Observations
			for _, c := range s.Cases {
				x.Cases = append(x.Cases, report.Case{Case: c.Case, Status: c.Status, Reason: c.Reason})
			}
		}
		r.Results = append(r.Results, x)
	}
	return r
}

// Step is what changed from one release to the next.
type Step struct {
	From, To Release
	Diff     *report.Diff
}

// Steps are the changes, newest first.
func (a *Atlas) Steps() []Step {
	var steps []Step
	for i := len(a.Releases) - 1; i > 0; i-- {
		from, to := a.Releases[i-1], a.Releases[i]
		steps = append(steps, Step{from, to, report.Compare(a.Report(from), a.Report(to))})
	}
	return steps
}
