package main

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"assay/fixtures/mutants"
	"assay/suite/report"
)

// outcome is what a mutant came to.
type outcome string

const (
	caught outcome = "caught"                          // by all that name it, for the stated reason, and by nothing else
	missed outcome = "missed"                          // something that names it did not fail
	wrong  outcome = "caught by the wrong requirement" // or for another reason, or by more than was said
)

// verdict is the outcome of a trial.
type verdict struct {
	outcome outcome
	failed  []string // IDs of what failed, in the catalogue's order
	remarks []string // what is not as the mutant's file says
}

// failure is one case that failed, or a requirement without cases.
type failure struct {
	name   string // "ID" or "ID/case"
	reason string // in one line
	text   string // all that was said
}

// judge compares a report with what the mutant's file says. Its error is a
// report that does not allow a verdict: Assay itself failed somewhere.
func judge(m *mutants.Mutant, r *report.Report) (verdict, error) {
	if r.Error != "" {
		return verdict{}, fmt.Errorf("the run failed: %s", r.Error)
	}
	var failures []failure
	var v verdict
	for _, result := range r.Results {
		switch result.Status {
		case report.Error:
			return verdict{}, fmt.Errorf("%s: an error of Assay's own: %s", result.ID, result.Reason)
		case report.Failed:
			v.failed = append(v.failed, result.ID)
			failures = append(failures, failuresOf(result)...)
		}
	}
	missing := v.missing(m, r, failures)
	// Each is looked for, so that all remarks come at once.
	unstated, stale, misread := v.unstated(m, failures), v.stale(m, r, failures), v.misread(m, failures)
	odd := unstated || stale || misread
	switch {
	case missing && (!odd || len(failures) == 0):
		v.outcome = missed
	case missing || odd:
		v.outcome = wrong
	default:
		v.outcome = caught
	}
	return v, nil
}

func failuresOf(result report.Result) []failure {
	if len(result.Cases) == 0 {
		return []failure{{result.ID, result.Reason, result.Reason + "\n" + result.Detail}}
	}
	var all []failure
	for _, c := range result.Cases {
		if c.Status == report.Failed {
			all = append(all, failure{result.ID + "/" + c.Case, c.Reason, c.Reason + "\n" + c.Detail})
		}
	}
	return all
}

// missing looks for what names the mutant and did not fail.
func (v *verdict) missing(m *mutants.Mutant, r *report.Report, failures []failure) (found bool) {
	for _, name := range m.Fails {
		if len(covered(name, failures)) == 0 {
			v.remark("%s should fail, but %s", name, became(r, name))
			found = true
		}
	}
	return found
}

// unstated looks for failures that the mutant's file does not speak of.
func (v *verdict) unstated(m *mutants.Mutant, failures []failure) (found bool) {
	for _, f := range failures {
		if !slices.ContainsFunc(named(m), func(name string) bool { return covers(name, f) }) {
			v.remark("%s fails without a stated reason: %s", f.name, line(f.reason))
			found = true
		}
	}
	return found
}

// stale looks for consequences that did not come.
func (v *verdict) stale(m *mutants.Mutant, r *report.Report, failures []failure) (found bool) {
	for _, c := range m.Also {
		if len(covered(c.ID, failures)) == 0 && wholly(r, c.ID) && passed(r, c.ID) {
			v.remark("%s stands under also, but nothing of it failed", c.ID)
			found = true
		}
	}
	return found
}

// wholly tells whether all that the name stands for was run.
func wholly(r *report.Report, name string) bool {
	return !slices.ContainsFunc(r.Results, func(result report.Result) bool {
		covered, _ := path.Match(name, result.ID)
		return covered && result.LeftOut
	})
}

// misread looks for what names the mutant and failed, but saw something else.
// Of several cases, one that saw it is enough.
func (v *verdict) misread(m *mutants.Mutant, failures []failure) (found bool) {
	if m.Seen == nil {
		return false
	}
	for _, name := range m.Fails {
		own := covered(name, failures)
		if len(own) > 0 && !slices.ContainsFunc(own, func(f failure) bool { return m.Seen.MatchString(f.text) }) {
			v.remark("%s fails, but not with %q: %s", name, m.Seen, line(own[0].reason))
			found = true
		}
	}
	return found
}

func (v *verdict) remark(format string, args ...any) {
	v.remarks = append(v.remarks, fmt.Sprintf(format, args...))
}

// covers reports whether "ID", "ID/case" or "PREFIX-*" names the failure.
func covers(name string, f failure) bool {
	whole, _ := path.Match(name, idOf(f.name)) // the loader has seen to its form
	return whole || f.name == name
}

// covered are the failures that the name covers.
func covered(name string, failures []failure) (all []failure) {
	for _, f := range failures {
		if covers(name, f) {
			all = append(all, f)
		}
	}
	return all
}

// passed reports whether anything that the name covers passed.
func passed(r *report.Report, name string) bool {
	return slices.ContainsFunc(r.Results, func(result report.Result) bool {
		if whole, _ := path.Match(name, result.ID); whole {
			return result.Status == report.Passed
		}
		return result.ID == idOf(name) && status(r, name) == report.Passed
	})
}

// became tells what came of a requirement, or of a case, that did not fail.
func became(r *report.Report, name string) string {
	s := status(r, name)
	if s == report.Skipped {
		for _, result := range r.Results {
			if result.ID == idOf(name) {
				return "was skipped: " + result.Reason
			}
		}
	}
	return "is " + string(s)
}

func status(r *report.Report, name string) report.Status {
	for _, result := range r.Results {
		if result.ID == name {
			return result.Status
		}
		for _, c := range result.Cases {
			if result.ID+"/"+c.Case == name {
				return c.Status
			}
		}
	}
	return report.NotClaimed
}

// line is a reason on one line, cut short.
func line(reason string) string {
	text := strings.Join(strings.Fields(reason), " ")
	if len(text) > 160 {
		text = strings.ToValidUTF8(text[:160], "") + " …"
	}
	return text
}
