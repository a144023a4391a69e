package main

import (
	"fmt"
	"path"
	"slices"

	"assay/fixtures/mutants"
	"assay/suite/report"
	"assay/suite/report/words"
)

// An outcome says whether the suite noticed what is wrong with a mutant.
type outcome string

const (
	// caught means that everything under "fails" failed for the stated reason, and
	// nothing failed that the mutant's file does not list.
	caught outcome = "caught"
	// missed means that something under "fails" did not fail.
	missed outcome = "missed"
	// wrong means that something failed for another reason, or that other
	// requirements failed than the mutant's file lists.
	wrong outcome = "caught by the wrong requirement"
)

// A verdict is the outcome of a mutant, and how the report differs from what the
// mutant's file says.
type verdict struct {
	outcome outcome
	failed  []string // IDs of the failed requirements, in the catalogue's order
	remarks []string // one for each difference
}

// A failure is a case that failed, or a failed requirement without cases.
type failure struct {
	name   string // "ID" or "ID/case"
	reason string
	text   string // reason and details
}

// judge compares a report with what the mutant's file says. A report in which
// Assay itself failed allows no verdict and is an error.
func judge(m *mutants.Mutant, r *report.Report) (verdict, error) {
	if r.Error != "" {
		return verdict{}, fmt.Errorf("the run failed: %s", r.Error)
	}
	var failures []failure
	var v verdict
	for _, result := range r.Results {
		switch result.Status {
		case report.Error:
			return verdict{}, fmt.Errorf("%s: error of Assay itself: %s", result.ID, result.Reason)
		case report.Failed:
			v.failed = append(v.failed, result.ID)
			failures = append(failures, failuresOf(result)...)
		}
	}
	missing := v.checkFails(m, r, failures)
	// All checks run in any case, so that their remarks are complete.
	unlisted := v.checkUnlisted(m, failures)
	unused := v.checkConsequences(m, r, failures)
	misread := v.checkReasons(m, failures)
	accused := v.checkClear(m, r)
	differs := unlisted || unused || misread || accused
	switch {
	case missing && (!differs || len(failures) == 0):
		v.outcome = missed
	case missing || differs:
		v.outcome = wrong
	default:
		v.outcome = caught
	}
	return v, nil
}

// failuresOf returns the failed cases of a failed result, or the failed
// requirement if it has no cases.
func failuresOf(result report.Result) []failure {
	if len(result.Cases) == 0 {
		return []failure{{result.ID, result.Reason, result.Reason + "\n" + result.Detail}}
	}
	var all []failure
	for _, c := range result.Cases {
		if c.Status == report.Failed {
			name := result.ID + "/" + c.Case
			all = append(all, failure{name, c.Reason, c.Reason + "\n" + c.Detail})
		}
	}
	return all
}

// checkFails reports whether something under "fails" did not fail.
func (v *verdict) checkFails(m *mutants.Mutant, r *report.Report, failures []failure) (found bool) {
	for _, name := range m.Fails {
		if len(covered(name, failures)) == 0 {
			v.remark("%s: expected a failure, but it %s", name, became(r, name))
			found = true
		}
	}
	return found
}

// checkUnlisted reports whether something failed that the mutant's file does not
// list.
func (v *verdict) checkUnlisted(m *mutants.Mutant, failures []failure) (found bool) {
	for _, f := range failures {
		if !slices.ContainsFunc(named(m), func(name string) bool { return covers(name, f) }) {
			v.remark("%s: failed, but the file does not list it: %s", f.name, line(f.reason))
			found = true
		}
	}
	return found
}

// checkConsequences reports whether something under "also" was run and nothing of
// it failed.
func (v *verdict) checkConsequences(
	m *mutants.Mutant, r *report.Report, failures []failure,
) (found bool) {
	for _, c := range m.Also {
		if len(covered(c.ID, failures)) == 0 && complete(r, c.ID) && passed(r, c.ID) {
			v.remark("%s: listed under also, but nothing of it failed", c.ID)
			found = true
		}
	}
	return found
}

// checkClear reports whether something under "clear" failed or was not run.
func (v *verdict) checkClear(m *mutants.Mutant, r *report.Report) (found bool) {
	for _, name := range m.Clear {
		if s := status(r, name); s != report.Passed && s != report.Skipped {
			v.remark("%s: listed under clear, but it %s", name, became(r, name))
			found = true
		}
	}
	return found
}

// complete reports whether every requirement that a name covers was run.
func complete(r *report.Report, name string) bool {
	return !slices.ContainsFunc(r.Results, func(result report.Result) bool {
		covered, _ := path.Match(name, result.ID)
		return covered && result.LeftOut
	})
}

// checkReasons reports whether something under "fails" failed for a reason that
// the pattern under "seen" does not match. If several cases failed, one match is
// enough.
func (v *verdict) checkReasons(m *mutants.Mutant, failures []failure) (found bool) {
	if m.Seen == nil {
		return false
	}
	for _, name := range m.Fails {
		own := covered(name, failures)
		seen := func(f failure) bool { return m.Seen.MatchString(f.text) }
		if len(own) > 0 && !slices.ContainsFunc(own, seen) {
			v.remark("%s: failed, expected a reason that matches %q: %s", name, m.Seen, line(own[0].reason))
			found = true
		}
	}
	return found
}

func (v *verdict) remark(format string, args ...any) {
	v.remarks = append(v.remarks, fmt.Sprintf(format, args...))
}

// covers reports whether "ID", "ID/case" or "PREFIX-*" covers the failure.
func covers(name string, f failure) bool {
	whole, _ := path.Match(name, idOf(f.name)) // the loader has checked the pattern
	return whole || f.name == name
}

// covered returns the failures that a name covers.
func covered(name string, failures []failure) (all []failure) {
	for _, f := range failures {
		if covers(name, f) {
			all = append(all, f)
		}
	}
	return all
}

// passed reports whether anything that a name covers passed.
func passed(r *report.Report, name string) bool {
	return slices.ContainsFunc(r.Results, func(result report.Result) bool {
		if whole, _ := path.Match(name, result.ID); whole {
			return result.Status == report.Passed
		}
		return result.ID == idOf(name) && status(r, name) == report.Passed
	})
}

// became says what happened to a requirement or a case that did not fail.
func became(r *report.Report, name string) string {
	s := status(r, name)
	if s == report.Skipped {
		for _, result := range r.Results {
			if result.ID == idOf(name) {
				return "was skipped: " + result.Reason
			}
		}
	}
	return "has the status " + string(s)
}

// status returns the status of "ID" or "ID/case".
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

// line returns a reason on one line, shortened to 160 bytes.
func line(reason string) string {
	return words.Cut(words.OneLine(reason), 160)
}
