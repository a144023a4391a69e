package render

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/suite/report"
)

// digest sorts the results of a report by the part of the verdict that shows
// them.
type digest struct {
	failures    []*report.Result // what fails the run, in catalogue order
	warnings    []*report.Result // failed SHOULD
	notOffered  []*report.Result // failed MAY
	known       []*report.Result // known failures
	triedTwice  []group
	remarks     []*report.Result // observed, with a reason
	unannounced []group          // unannounced warnings by their text
	skipped     []group          // skipped requirements and cases by reason
	notClaimed  []group          // requirements by the chapter that is not claimed
	chapters    []chapter

	passed, observed, nSkipped, nNotClaimed int // requirements
}

// chapter counts the results of one chapter.
type chapter struct {
	name   string
	counts report.Counts
	failed int // results that fail the run
	warned int // failed results that do not fail the run
}

func digestOf(r *report.Report) digest {
	var d digest
	for i := range r.Results {
		x := &r.Results[i]
		for _, line := range unannounced(x) {
			d.unannounced = addTo(d.unannounced, line, x.ID, nameFew)
		}
		d.again(x)
		d.add(x, r.Strict)
	}
	return d
}

// again enters what was tried twice. The reasons hold measured times, which differ
// from case to case, so the cases are one group.
func (d *digest) again(x *report.Result) {
	const why = "a time limit passed while this machine was starved; the second try counts"
	if x.TriedTwice != "" {
		d.triedTwice = addTo(d.triedTwice, why, x.ID, nameAll)
	}
	for _, k := range x.Cases {
		if k.TriedTwice != "" {
			d.triedTwice = addTo(d.triedTwice, why, x.ID+"/"+k.Case, nameAll)
		}
	}
}

// add enters a result into the part of the verdict that shows it.
func (d *digest) add(x *report.Result, strict bool) {
	c := d.chapter(x.Profile)
	c.counts[x.Status]++
	switch {
	case x.Fails(strict):
		d.failures = append(d.failures, x)
		c.failed++
	case x.NotOffered():
		d.notOffered = append(d.notOffered, x)
		c.warned++
	case x.Status == report.Failed:
		d.warnings = append(d.warnings, x)
		c.warned++
	case x.Status == report.KnownFailed:
		d.known = append(d.known, x)
	case x.Status == report.Skipped:
		d.nSkipped++
		d.skip(x.Reason, x.ID, x.LeftOut)
		return
	case x.Status == report.NotClaimed:
		d.nNotClaimed++
		reason := x.Reason
		if len(x.Unclaimed) > 0 { // one chapter is enough here
			reason = "the target does not claim " + x.Unclaimed[0]
		}
		d.notClaimed = addTo(d.notClaimed, reason, x.ID, nameNone)
		return
	case x.Status == report.Observed:
		d.observed++
		if x.Reason != "" {
			d.remarks = append(d.remarks, x)
		}
	case x.Status == report.Passed:
		d.passed++
	}
	for _, k := range x.Cases {
		if k.Status == report.Skipped {
			d.skip(k.Reason, x.ID+"/"+k.Case, k.LeftOut)
		}
	}
}

func (d *digest) skip(reason, id string, leftOut bool) {
	n := nameAll
	if leftOut {
		n = nameNone
	}
	d.skipped = addTo(d.skipped, reason, id, n)
}

// unannounced returns the warnings at the start of servers that no spec
// announced.
func unannounced(x *report.Result) []string {
	var lines []string
	for _, o := range x.Observations {
		if o.Name != report.Unannounced {
			continue
		}
		values, _ := o.Value.([]any)
		for _, v := range values {
			if line, ok := v.(string); ok {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

func (d *digest) chapter(name string) *chapter {
	i := slices.IndexFunc(d.chapters, func(c chapter) bool { return c.name == name })
	if i < 0 {
		i = len(d.chapters)
		d.chapters = append(d.chapters, chapter{name: name, counts: report.Counts{}})
	}
	return &d.chapters[i]
}

// nothingJudged reports whether every requirement was skipped or not claimed.
func (d *digest) nothingJudged() bool {
	failed := len(d.failures) + len(d.warnings) + len(d.notOffered) + len(d.known)
	return d.passed+d.observed+failed == 0
}

// cells returns the counts of a chapter with their words.
func (c chapter) cells() []string {
	var out []string
	for _, x := range []struct {
		n    int
		what string
	}{
		{c.counts[report.Passed], "passed"},
		{c.failed, "failed"},
		{c.warned, "not met"},
		{c.counts[report.KnownFailed], "known"},
		{c.counts[report.Observed], "observed"},
		{c.counts[report.Skipped], "skipped"},
		{c.counts[report.NotClaimed], "not claimed"},
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
	return fmt.Sprintf("%d passed, %d failed, %d skipped", d.passed, len(d.failures), d.nSkipped)
}

// closing returns all counts on one line, with the times and the exit code.
func (d digest) closing(r *report.Report) string {
	parts := []string{
		fmt.Sprintf("%d passed", d.passed), d.failedOfKinds(), fmt.Sprintf("%d skipped", d.nSkipped),
	}
	for _, x := range []struct {
		n         int
		one, many string
	}{
		{r.SkippedCases, "skipped case", "skipped cases"},
		{len(d.warnings), "warning", "warnings"},
		{len(d.notOffered), "not offered", "not offered"},
		{len(d.known), "known failure", "known failures"},
		{d.observed, "observed", "observed"},
		{d.nNotClaimed, "not claimed", "not claimed"},
	} {
		if x.n > 0 {
			parts = append(parts, plural(x.n, x.one, x.many))
		}
	}
	return fmt.Sprintf("assay: %s, in %s (CPU %s, %s) → exit %d", strings.Join(parts, ", "),
		seconds(r.DurationMS), seconds(r.CPUMS), plural(r.Issuances, "issuance", "issuances"), r.Exit)
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
		kinds = append(kinds, plural(n, "unexpected pass", "unexpected passes"))
	}
	if n := counts[report.Error]; n > 0 {
		kinds = append(kinds, plural(n, "error", "errors"))
	}
	text := fmt.Sprintf("%d failed", len(d.failures))
	if len(kinds) > 0 {
		text += " (" + strings.Join(kinds, ", ") + ")"
	}
	return text
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func seconds(ms int64) string {
	return fmt.Sprintf("%.1f s", (time.Duration(ms) * time.Millisecond).Seconds())
}
