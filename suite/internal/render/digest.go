package render

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/suite/report"
	"assay/suite/report/words"
)

// digest sorts the results of a report by the part of the verdict that shows
// them.
type digest struct {
	failures    []*report.Result    // what fails the run, in catalogue order
	causes      []together          // the failures by their cause
	sameAs      map[string]together // the failures with the same cause, by the ID of a warning
	warnings    []*report.Result    // failed SHOULD
	notOffered  []*report.Result    // failed MAY
	known       []*report.Result    // known failures
	triedTwice  []group
	remarks     []*report.Result // observed, with a reason
	unannounced []group          // unannounced warnings by their text
	skipped     []group          // skipped requirements and cases by reason
	notSelected []group          // what the user left out, by the option
	notClaimed  []group          // requirements by the chapter that is not claimed
	chapters    []chapter

	report.Tally // of the requirements
}

// chapter counts the results of one chapter.
type chapter struct {
	name string
	report.Tally
}

func digestOf(r *report.Report) digest {
	d := digest{Tally: r.Tally()}
	for i := range r.Results {
		x := &r.Results[i]
		for _, line := range x.Unannounced() {
			d.unannounced = addTo(d.unannounced, line, x.ID, nameFew)
		}
		d.again(x)
		d.add(x, r.Strict)
	}
	d.causes = byCause(d.failures)
	d.sameAs = map[string]together{}
	for _, x := range d.warnings {
		key, _ := causeOf(x)
		for _, t := range d.causes {
			if t.key == key {
				d.sameAs[x.ID] = t
			}
		}
	}
	return d
}

// why returns the reason of a result that does not fail the run.
func (d *digest) why(x *report.Result) string {
	if t, shared := d.sameAs[x.ID]; shared {
		text := "for the same cause as " + t.results[0].ID
		if more := len(t.results) - 1; more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		return text
	}
	return x.Reason
}

// again enters what was tried twice. The reasons hold measured times, which differ
// from case to case, so the cases are one group.
func (d *digest) again(x *report.Result) {
	const why = "a time limit passed while this machine was starved; the second try counts"
	if x.TriedTwice != "" {
		d.triedTwice = addTo(d.triedTwice, why, x.ID, nameFew)
	}
	for _, k := range x.Cases {
		if k.TriedTwice != "" {
			d.triedTwice = addTo(d.triedTwice, why, x.ID+"/"+k.Case, nameFew)
		}
	}
}

// add enters a result into the part of the verdict that shows it.
func (d *digest) add(x *report.Result, strict bool) {
	d.chapter(x.Profile).Add(x, strict)
	switch {
	case x.Fails(strict):
		d.failures = append(d.failures, x)
	case x.NotOffered():
		d.notOffered = append(d.notOffered, x)
	case x.Status == report.Failed:
		d.warnings = append(d.warnings, x)
	case x.Status == report.KnownFailed:
		d.known = append(d.known, x)
	case x.Status == report.Skipped:
		d.skip(x.Reason, x.ID, x.LeftOut)
		return
	case x.Status == report.NotClaimed:
		reason := x.Reason
		if len(x.Unclaimed) > 0 { // one chapter is enough here
			reason = "the target does not claim " + x.Unclaimed[0]
		}
		d.notClaimed = addTo(d.notClaimed, reason, x.ID, nameNone)
		return
	case x.Status == report.Observed && x.Reason != "":
		d.remarks = append(d.remarks, x)
	}
	for _, k := range x.Cases {
		if k.Status == report.Skipped {
			d.skip(k.Reason, x.ID+"/"+k.Case, k.LeftOut)
		}
	}
}

func (d *digest) skip(reason, id string, leftOut bool) {
	if leftOut {
		d.notSelected = addTo(d.notSelected, reason, id, nameNone)
		return
	}
	d.skipped = addTo(d.skipped, reason, id, nameAll)
}

func (d *digest) chapter(name string) *chapter {
	i := slices.IndexFunc(d.chapters, func(c chapter) bool { return c.name == name })
	if i < 0 {
		i = len(d.chapters)
		d.chapters = append(d.chapters, chapter{name: name})
	}
	return &d.chapters[i]
}

// nothingJudged reports whether every requirement was skipped or not claimed.
func (d *digest) nothingJudged() bool {
	aside := report.Tally{Skipped: d.Skipped, LeftOut: d.LeftOut, NotClaimed: d.NotClaimed}
	return d.Tally == aside
}

// leftOut reports whether the user left the whole chapter out of the run.
func (c chapter) leftOut() bool {
	return c.LeftOut > 0 && c.Tally == report.Tally{LeftOut: c.LeftOut}
}

// cells returns the counts of a chapter with their words.
func (c chapter) cells() []string {
	var out []string
	for _, x := range []struct {
		n    int
		what string
	}{
		{c.Passed, "passed"},
		{c.Failing, "failed"},
		{c.NotMet + c.NotOffered, "not met"},
		{c.KnownFailures, "known"},
		{c.Observed, "observed"},
		{c.Skipped, "skipped"},
		{c.LeftOut, "not selected"},
		{c.NotClaimed, "not claimed"},
	} {
		if x.n > 0 {
			out = append(out, fmt.Sprintf("%d %s", x.n, x.what))
		}
	}
	return out
}

// header names the target and the surroundings of the run.
func header(r *report.Report) []string {
	parts := []string{withVersion(r.Target.Name, r.Target.Version)}
	if r.Target.Autocert != "" {
		parts = append(parts, "autocert "+r.Target.Autocert)
	}
	if r.World != "" {
		parts = append(parts, r.World+" world")
	}
	if r.CA != "" {
		parts = append(parts, r.CA+" CA")
	}
	if r.Workers > 0 {
		parts = append(parts, words.Plural(r.Workers, "worker", "workers"))
	}
	for _, s := range []string{r.Go, r.OS} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return parts
}

// withVersion returns a name with a version, which may begin with the name.
func withVersion(name, version string) string {
	if strings.HasPrefix(version, name+" ") {
		return version
	}
	return strings.TrimSpace(name + " " + version)
}

// tally returns the last line of a verdict.
func (d digest) tally() string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", d.Passed, d.Failing, d.Skipped)
}

// closing returns the last line but one of a verdict.
func (d digest) closing(r *report.Report) string { return "assay: " + d.allCounts(r) }

// allCounts returns all counts on one line, with the times and the exit code.
func (d digest) allCounts(r *report.Report) string {
	parts := []string{
		fmt.Sprintf("%d passed", d.Passed), d.failedOfKinds(), fmt.Sprintf("%d skipped", d.Skipped),
	}
	for _, x := range []struct {
		n         int
		one, many string
	}{
		{r.SkippedCases, "skipped case", "skipped cases"},
		{d.NotMet, "warning", "warnings"},
		{d.NotOffered, "not offered", "not offered"},
		{d.KnownFailures, "known failure", "known failures"},
		{d.Observed, "observed", "observed"},
		{d.NotClaimed, "not claimed", "not claimed"},
		{d.LeftOut, "not selected", "not selected"},
	} {
		if x.n > 0 {
			parts = append(parts, words.Plural(x.n, x.one, x.many))
		}
	}
	return fmt.Sprintf("%s, in %s (CPU %s, %s) → exit %d", strings.Join(parts, ", "),
		seconds(r.DurationMS), seconds(r.CPUMS),
		words.Plural(r.Issuances, "issuance", "issuances"), r.Exit)
}

// failedOfKinds counts what fails the run, and in brackets the unexpected passes
// and errors among it.
func (d digest) failedOfKinds() string {
	counts := map[report.Status]int{}
	for _, x := range d.failures {
		counts[x.Status]++
	}
	var kinds []string
	if n := counts[report.UnexpectedPassed]; n > 0 {
		kinds = append(kinds, words.Plural(n, "unexpected pass", "unexpected passes"))
	}
	if n := counts[report.Error]; n > 0 {
		kinds = append(kinds, words.Plural(n, "error", "errors"))
	}
	text := fmt.Sprintf("%d failed", d.Failing)
	if len(kinds) > 0 {
		text += " (" + strings.Join(kinds, ", ") + ")"
	}
	return text
}

func seconds(ms int64) string {
	return fmt.Sprintf("%.1f s", (time.Duration(ms) * time.Millisecond).Seconds())
}
