package verdict

import (
	"fmt"
	"slices"
	"strings"

	"assay/suite/internal/sut"
	"assay/suite/report"
)

// leftAside returns the known failures that said nothing about the run.
func (j *judge) leftAside(results []report.Result) []report.LeftAside {
	var aside []report.LeftAside
	for _, k := range j.in.Known {
		why := j.whyLeftAside(k)
		if why == "" {
			why = j.whyWithoutEffect(k, results)
		}
		if why != "" {
			aside = append(aside, report.LeftAside{
				ID: k.ID, Version: k.Version.String(), Reason: k.Reason, Why: why,
			})
		}
	}
	return aside
}

// whyLeftAside says why an entry does not apply to this version of the target;
// "" if it does.
func (j *judge) whyLeftAside(k sut.KnownFailure) string {
	version := j.in.Run.Target.Version
	if k.Applies(version) {
		return ""
	}
	return fmt.Sprintf("the entry is for versions %s, and this is %s",
		k.Version, strings.TrimPrefix(sut.SemanticVersion(version), "v"))
}

// whyWithoutEffect says why an entry for this version said nothing about a
// requirement that cannot fail, or that passed as an unknown version may.
func (j *judge) whyWithoutEffect(k sut.KnownFailure, results []report.Result) string {
	id, name, _ := strings.Cut(k.ID, "/")
	i := slices.IndexFunc(results, func(r report.Result) bool { return r.ID == id })
	if i < 0 {
		return ""
	}
	r := &results[i]
	status := r.Status
	for _, c := range r.Cases {
		if c.Case == name {
			status = c.Status
		}
	}
	switch {
	case r.Status == report.NotClaimed:
		return "the target does not claim " + strings.Join(r.Unclaimed, ", ")
	case r.Status == report.Observed:
		return "the requirement is observed, not judged"
	case status == report.Passed && j.uncertainty(k) != "":
		return fmt.Sprintf("it passed, and %s", j.uncertainty(k))
	}
	return ""
}

// uncertainty says that an entry for certain versions was applied because the
// version of the target is unknown; "" if it was not.
func (j *judge) uncertainty(k sut.KnownFailure) string {
	version := j.in.Run.Target.Version
	if !k.Uncertain(version) {
		return ""
	}
	if version == "" {
		return fmt.Sprintf("the version of the target is unknown (the entry is for %s)", k.Version)
	}
	return fmt.Sprintf("the target calls its version %q, which cannot be compared "+
		"(the entry is for %s)", version, k.Version)
}

// certain returns the entries that do not rest on an unknown version.
func (j *judge) certain(all []sut.KnownFailure) []sut.KnownFailure {
	return slices.DeleteFunc(slices.Clone(all), func(k sut.KnownFailure) bool {
		return j.uncertainty(k) != ""
	})
}
