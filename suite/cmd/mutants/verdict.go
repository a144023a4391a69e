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
	short, odd := v.compareNamed(m, r, failures), v.compareOthers(m, r, failures)
	switch {
	case short && (!odd || len(failures) == 0):
		v.outcome = missed
	case short || odd:
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

// compareNamed looks for what names the mutant. It reports whether anything
// of it did not fail.
func (v *verdict) compareNamed(m *mutants.Mutant, r *report.Report, failures []failure) (short bool) {
	for _, name := range m.Fails {
		if !slices.ContainsFunc(failures, func(f failure) bool { return covers(name, f) }) {
			v.remark("%s should fail, but %s", name, became(r, name))
			short = true
		}
	}
	return short
}

// compareOthers looks for what is not as the file says in any other way.
func (v *verdict) compareOthers(m *mutants.Mutant, r *report.Report, failures []failure) (odd bool) {
	names := named(m)
	for _, f := range failures {
		if !slices.ContainsFunc(names, func(name string) bool { return covers(name, f) }) {
			v.remark("%s fails without a stated reason: %s", f.name, line(f.reason))
			odd = true
		}
	}
	for _, c := range m.Also {
		if !slices.ContainsFunc(failures, func(f failure) bool { return covers(c.ID, f) }) && passed(r, c.ID) {
			v.remark("%s stands under also, but nothing of it failed", c.ID)
			odd = true
		}
	}
	for _, name := range m.Fails {
		others, right := []failure{}, false
		for _, f := range failures {
			if !covers(name, f) {
				continue
			}
			if m.Seen == nil || m.Seen.MatchString(f.text) {
				right = true
			}
			others = append(others, f)
		}
		if len(others) > 0 && !right {
			v.remark("%s fails, but not with %q: %s", name, m.Seen, line(others[0].reason))
			odd = true
		}
	}
	return odd
}

func (v *verdict) remark(format string, args ...any) {
	v.remarks = append(v.remarks, fmt.Sprintf(format, args...))
}

// covers reports whether "ID", "ID/case" or "PREFIX-*" names the failure.
func covers(name string, f failure) bool {
	whole, _ := path.Match(name, idOf(f.name)) // the loader has seen to its form
	return whole || f.name == name
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
