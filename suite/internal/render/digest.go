package report

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// digest sorts the results of a report by how they are shown.
type digest struct {
	failures   []*Result // what fails the run, in catalogue order
	warnings   []*Result // failed SHOULD
	notOffered []*Result // failed MAY
	known      []*Result // known failures
	remarks    []*Result // observed, with something to say
	noticed    []group   // warnings that no spec announced, by their text
	skipped    []group   // skipped requirements and cases, by reason
	notClaimed []group   // IDs by reason
	chapters   []chapter
	passed     int
	observed   int
	nSkipped   int // requirements, without those not claimed
	nUnclaimed int
}

// group is what shares a reason.
type group struct {
	reason  string
	ids     []string // ID or ID/case
	noticed bool     // a warning, which every start may have
}

// chapter counts the results of one chapter.
type chapter struct {
	name   string
	counts Counts
	failed int // that fail the run
	warned int // failed, but not the run
}

func digestOf(r *Report) digest {
	var d digest
	for i := range r.Results {
		x := &r.Results[i]
		c := d.chapter(x.Profile)
		c.counts[x.Status]++
		for _, line := range x.unannounced() {
			d.noticed = addTo(d.noticed, line, x.ID)
		}
		switch {
		case x.Fails(r.Strict):
			d.failures = append(d.failures, x)
			c.failed++
		case x.notOffered():
			d.notOffered = append(d.notOffered, x)
			c.warned++
		case x.Status == Failed:
			d.warnings = append(d.warnings, x)
			c.warned++
		case x.Status == KnownFailed:
			d.known = append(d.known, x)
		case x.Status == Skipped:
			d.nSkipped++
			d.skipped = addTo(d.skipped, x.Reason, x.ID)
			continue
		case x.Status == NotClaimed:
			d.nUnclaimed++
			reason, _, _ := strings.Cut(x.Reason, ", ") // the first chapter that is missing is enough here
			d.notClaimed = addTo(d.notClaimed, reason, x.ID)
			continue
		case x.Status == Observed:
			d.observed++
			if x.Reason != "" {
				d.remarks = append(d.remarks, x)
			}
		case x.Status == Passed:
			d.passed++
		}
		for _, k := range x.Cases {
			if k.Status == Skipped {
				d.skipped = addTo(d.skipped, k.Reason, x.ID+"/"+k.Case)
			}
		}
	}
	for i := range d.noticed {
		d.noticed[i].noticed = true
	}
	return d
}

func (d *digest) chapter(name string) *chapter {
	i := slices.IndexFunc(d.chapters, func(c chapter) bool { return c.name == name })
	if i < 0 {
		i = len(d.chapters)
		d.chapters = append(d.chapters, chapter{name: name, counts: Counts{}})
	}
	return &d.chapters[i]
}

func addTo(groups []group, reason, id string) []group {
	for i := range groups {
		if groups[i].reason == reason {
			if !slices.Contains(groups[i].ids, id) {
				groups[i].ids = append(groups[i].ids, id)
			}
			return groups
		}
	}
	return append(groups, group{reason: reason, ids: []string{id}})
}

// cells returns a chapter's counts in words, the plain ones first.
func (c chapter) cells() []string {
	var out []string
	for _, x := range []struct {
		n    int
		what string
	}{
		{c.counts[Passed], "passed"},
		{c.failed, "failed"},
		{c.warned, "not met"},
		{c.counts[KnownFailed], "known"},
		{c.counts[Observed], "observed"},
		{c.counts[Skipped], "skipped"},
		{c.counts[NotClaimed], "not claimed"},
	} {
		if x.n > 0 {
			out = append(out, fmt.Sprintf("%d %s", x.n, x.what))
		}
	}
	return out
}

// header names what was judged, and by what.
func header(r *Report) []string {
	parts := []string{named(r.Target.Name, r.Target.Version)}
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

// named is a name with a version, which may begin with the name itself.
func named(name, version string) string {
	if strings.HasPrefix(version, name+" ") {
		return version
	}
	return strings.TrimSpace(name + " " + version)
}

// tally is the plain count: "N passed, N failed, N skipped", where failed is
// what fails the run.
func (d digest) tally() string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", d.passed, len(d.failures), d.nSkipped)
}

// closing is the whole count with the times and the exit code.
func (d digest) closing(r *Report) string {
	failed := fmt.Sprintf("%d failed", len(d.failures))
	var kinds []string
	for _, k := range []struct {
		s         Status
		one, many string
	}{{UnexpectedPassed, "unexpected pass", "unexpected passes"}, {Error, "error", "errors"}} {
		n := 0
		for _, x := range d.failures {
			if x.Status == k.s {
				n++
			}
		}
		if n > 0 {
			kinds = append(kinds, plural(n, k.one, k.many))
		}
	}
	if len(kinds) > 0 {
		failed += " (" + strings.Join(kinds, ", ") + ")"
	}
	parts := []string{
		fmt.Sprintf("%d passed", d.passed), failed, fmt.Sprintf("%d skipped", d.nSkipped),
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
		{d.nUnclaimed, "not claimed", "not claimed"},
	} {
		if x.n > 0 {
			parts = append(parts, plural(x.n, x.one, x.many))
		}
	}
	return fmt.Sprintf("assay: %s, in %s (CPU %s, %s) → exit %d", strings.Join(parts, ", "),
		tenths(r.DurationMS), tenths(r.CPUMS), plural(r.Issuances, "issuance", "issuances"), r.Exit)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func tenths(ms int64) string {
	return fmt.Sprintf("%.1f s", (time.Duration(ms) * time.Millisecond).Seconds())
}

func joinWords(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), sep)
}
