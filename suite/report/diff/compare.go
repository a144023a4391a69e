package diff

import (
	"fmt"
	"slices"

	"assay/suite/report"
	"assay/suite/report/words"
)

// Compare returns what differs between two reports. It does not compare
// requirements that the user left out of either run, or that neither target
// claims.
func Compare(from, to *report.Report) *Diff {
	d := &Diff{
		Schema: Schema, From: runOf(from), To: runOf(to),
		Notes: differentSurroundings(from, to), Changes: []Change{},
		Unfinished: unfinished(from) || unfinished(to),
	}
	var skipped skips
	leftOut := [2]int{} // requirements that only the first, or only the second run left out
	for _, p := range pairs(from, to) {
		a, b := p.from, p.to
		switch {
		case a.LeftOut && b.LeftOut:
			continue
		case a.LeftOut:
			leftOut[0]++
			continue
		case b.LeftOut:
			leftOut[1]++
			continue
		}
		skipped.add(a, b)
		if c, differs := changeOf(a, b); differs {
			d.Changes = append(d.Changes, c)
		} else if a.Ran() {
			d.Alike++
		}
	}
	for i, n := range leftOut {
		if n > 0 {
			d.Notes = append(d.Notes, fmt.Sprintf(
				"%d requirements were not selected in the %s run and are not compared", n, ordinal(i)))
		}
	}
	if !d.Unfinished {
		d.Notes = append(d.Notes, skipped.notes()...)
	}
	slices.SortStableFunc(d.Changes, func(a, b Change) int { return a.weight() - b.weight() })
	return d
}

// Same reports whether nothing differs between two results of one requirement.
func Same(a, b *report.Result) bool {
	_, differs := changeOf(a, b)
	return !differs
}

// pair holds the two results of one requirement.
type pair struct{ from, to *report.Result }

// pairs returns the results of both reports, first in the order of from. A result
// that a report does not have is one without a status.
func pairs(from, to *report.Report) []pair {
	others := map[string]*report.Result{}
	for i := range to.Results {
		others[to.Results[i].ID] = &to.Results[i]
	}
	var all []pair
	for i := range from.Results {
		a := &from.Results[i]
		b := others[a.ID]
		if b == nil {
			b = &report.Result{ID: a.ID, Level: a.Level}
		}
		delete(others, a.ID)
		all = append(all, pair{a, b})
	}
	for i := range to.Results {
		if b := &to.Results[i]; others[b.ID] != nil {
			all = append(all, pair{&report.Result{ID: b.ID, Level: b.Level}, b})
		}
	}
	return all
}

func ordinal(i int) string { return []string{"first", "second"}[i] }

func unfinished(r *report.Report) bool {
	return r.Error != "" || r.Interrupted || r.Stopped != ""
}

func runOf(r *report.Report) Run {
	return Run{
		Target: r.Target.Name, Version: r.Target.Version, Autocert: r.Target.Autocert,
		World: r.World, CA: r.CA, Go: r.Go, OS: r.OS,
	}
}

// differentSurroundings returns notes about what keeps two reports from being
// compared in full.
func differentSurroundings(from, to *report.Report) []string {
	var notes []string
	for _, x := range []struct{ what, from, to string }{
		{"catalogues", from.Suite.Catalogue, to.Suite.Catalogue},
		{"worlds", from.World, to.World},
		{"CAs", from.CA, to.CA},
		{"systems", from.OS, to.OS},
		{"Go versions of the suite", from.Go, to.Go},
	} {
		if x.from != x.to {
			notes = append(notes, fmt.Sprintf("the %s differ: %s and %s", x.what, x.from, x.to))
		}
	}
	for i, r := range []*report.Report{from, to} {
		switch {
		case r.Interrupted:
			notes = append(notes, "the "+ordinal(i)+" run was interrupted")
		case r.Error != "":
			notes = append(notes, "the "+ordinal(i)+" run failed: "+words.Headline(r.Error))
		case r.Stopped != "":
			notes = append(notes, "the "+ordinal(i)+" run ended early: "+r.Stopped)
		}
	}
	return notes
}

// changeOf compares one requirement.
func changeOf(a, b *report.Result) (Change, bool) {
	described := b
	if described.Title == "" {
		described = a
	}
	c := Change{
		ID: described.ID, Title: described.Title, Level: described.Level,
		Profile: described.Profile, Trend: Changed,
	}
	verdicts := []VerdictChange{}
	if v, differs := verdictChange("", verdictOf(a), verdictOf(b)); differs {
		c.Verdict = &v
		verdicts = append(verdicts, v)
	}
	if a.Ran() && b.Ran() {
		c.Cases = caseChanges(a, b)
		verdicts = append(verdicts, c.Cases...)
		c.Observations = observationChanges(a, b)
	}
	if len(verdicts) > 0 {
		c.Trend = overall(verdicts)
	}
	return c, len(verdicts) > 0 || len(c.Observations) > 0
}

func verdictOf(r *report.Result) Verdict {
	return Verdict{Status: r.Status, Broken: r.Broken(), Reason: r.Reason}
}

func caseVerdict(c report.Case) Verdict {
	return Verdict{Status: c.Status, Broken: c.Broken(), Reason: c.Reason}
}

func caseChanges(a, b *report.Result) []VerdictChange {
	from, to := map[string]Verdict{}, map[string]Verdict{}
	var names []string
	for _, c := range a.Cases {
		names = append(names, c.Case)
		from[c.Case] = caseVerdict(c)
	}
	for _, c := range b.Cases {
		if _, both := from[c.Case]; !both {
			names = append(names, c.Case)
		}
		to[c.Case] = caseVerdict(c)
	}
	var changes []VerdictChange
	for _, name := range names {
		if v, differs := verdictChange(name, from[name], to[name]); differs {
			changes = append(changes, v)
		}
	}
	return changes
}
