package report

import (
	"fmt"
	"slices"
	"strings"
)

// Diff is what differs between two reports: what was judged otherwise, and
// what was observed to be otherwise.
type Diff struct {
	Schema int  `json:"schema"`
	From   Side `json:"from"`
	To     Side `json:"to"`
	// Notes say why the two can be compared only in part: another catalogue,
	// another world, a run that did not come to its end, what both skipped.
	Notes []string `json:"notes,omitempty"`
	// Unfinished says that one of the runs failed or was interrupted: what it
	// did not come to is no news about the target.
	Unfinished bool `json:"unfinished,omitempty"`
	// Changes are the requirements that differ, worst first, else in catalogue
	// order.
	Changes []Change `json:"changes"`
	// Alike counts the requirements that were run on both sides and do not
	// differ.
	Alike int `json:"alike"`
}

// Side identifies one of the reports.
type Side struct {
	Target   string `json:"target"`
	Version  string `json:"version,omitempty"`
	Autocert string `json:"autocert,omitempty"`
	World    string `json:"world"`
	CA       string `json:"ca"`
	Go       string `json:"go"`
	OS       string `json:"os"`
}

// Change is what differs in one requirement.
type Change struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Level   Level  `json:"level"`
	Profile string `json:"profile"`
	Trend   Trend  `json:"trend"` // the worst of verdict and cases, or else the best

	Verdict      *Turn               `json:"verdict,omitempty"` // absent if it is the same
	Cases        []Turn              `json:"cases,omitempty"`
	Observations []ObservationChange `json:"observations,omitempty"`
}

// Turn is a verdict that differs, of a requirement or of one of its cases.
type Turn struct {
	Case  string `json:"case,omitempty"`
	Trend Trend  `json:"trend"`
	From  Stand  `json:"from"`
	To    Stand  `json:"to"`
}

// Stand is a verdict as far as it is compared. The status is "" where the
// report does not know the requirement or case.
type Stand struct {
	Status Status `json:"status"`
	// Broken says that an assertion failed, whether or not it is judged.
	Broken bool   `json:"broken,omitempty"`
	Reason string `json:"reason,omitempty"` // for people: it is not compared
}

// ObservationChange is a fact that differs. A nil value was not observed.
type ObservationChange struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	Case string `json:"case,omitempty"`
	From any    `json:"from"`
	To   any    `json:"to"`
}

// Compare returns what differs between two reports. Requirements that either
// run left out on request, or that neither target claims, are not compared.
func Compare(from, to *Report) *Diff {
	d := &Diff{
		Schema: Schema, From: sideOf(from), To: sideOf(to), Notes: comparable(from, to), Changes: []Change{},
		Unfinished: from.unfinished() || to.unfinished(),
	}
	others := map[string]*Result{}
	for i := range to.Results {
		others[to.Results[i].ID] = &to.Results[i]
	}
	absent := map[string]int{}
	var skipped skips
	compare := func(a, b *Result) {
		if a.LeftOut() || b.LeftOut() {
			if a.LeftOut() != b.LeftOut() {
				absent[map[bool]string{true: "first", false: "second"}[a.LeftOut()]]++
			}
			return
		}
		skipped.add(a, b)
		if c, differs := change(a, b); differs {
			d.Changes = append(d.Changes, c)
		} else if a.Ran() {
			d.Alike++
		}
	}
	for i := range from.Results {
		a := &from.Results[i]
		b := others[a.ID]
		delete(others, a.ID)
		if b == nil {
			b = &Result{ID: a.ID, Level: a.Level}
		}
		compare(a, b)
	}
	for i := range to.Results {
		if b := &to.Results[i]; others[b.ID] != nil {
			compare(&Result{ID: b.ID, Level: b.Level}, b)
		}
	}
	for _, side := range []string{"first", "second"} {
		if n := absent[side]; n > 0 {
			d.Notes = append(d.Notes, fmt.Sprintf("%d requirements were not selected in the %s run and are not compared", n, side))
		}
	}
	if !d.Unfinished {
		d.Notes = append(d.Notes, skipped.notes()...)
	}
	slices.SortStableFunc(d.Changes, func(a, b Change) int { return a.weight() - b.weight() })
	return d
}

// Exit is the code to leave with: [ExitTrouble] if one of the runs did not come
// to its end, [ExitFailed] if a MUST got worse, and with strict if anything
// differs.
func (d *Diff) Exit(strict bool) int {
	if d.Unfinished {
		return ExitTrouble
	}
	if strict && len(d.Changes) > 0 || slices.ContainsFunc(d.Changes, func(c Change) bool { return c.Level == Must && c.fails() }) {
		return ExitFailed
	}
	return ExitOK
}

func (r *Report) unfinished() bool { return r.Error != "" || r.Interrupted }

func sideOf(r *Report) Side {
	return Side{
		Target: r.Target.Name, Version: r.Target.Version, Autocert: r.Target.Autocert,
		World: r.World, CA: r.CA, Go: r.Go, OS: r.OS,
	}
}

// comparable says what keeps two reports from being compared in full.
func comparable(from, to *Report) []string {
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
	for i, r := range []*Report{from, to} {
		side := []string{"first", "second"}[i]
		switch {
		case r.Interrupted:
			notes = append(notes, "the "+side+" run was interrupted")
		case r.Error != "":
			notes = append(notes, "the "+side+" run failed: "+headline(r.Error))
		}
	}
	return notes
}

// LeftOut says that a run was asked not to run the requirement.
func (r *Result) LeftOut() bool {
	return r.Status == Skipped && leftOut(r.Reason)
}

func leftOut(reason string) bool { return strings.HasPrefix(reason, notSelected("")) }

// Facts are the observations that can be compared with another run's: all but
// what an assertion said when it failed.
func (r *Result) Facts() []Observation {
	return slices.DeleteFunc(slices.Clone(r.Observations), func(o Observation) bool { return o.Name == assertion })
}

// LeaveOut makes the result that of a requirement that was not to be run.
func (r *Result) LeaveOut(why string) { r.Status, r.Reason = Skipped, notSelected(why) }

// Ran says that something came of the requirement.
func (r *Result) Ran() bool {
	return r.Status != "" && r.Status != Skipped && r.Status != NotClaimed
}

// Same says that nothing differs between two results of one requirement.
func Same(a, b *Result) bool {
	_, differs := change(a, b)
	return !differs
}

// change compares one requirement.
func change(a, b *Result) (Change, bool) {
	named := b
	if named.Title == "" {
		named = a
	}
	c := Change{ID: named.ID, Title: named.Title, Level: named.Level, Profile: named.Profile, Trend: Changed}
	if t, differs := turn("", a.stand(), b.stand()); differs {
		c.Verdict = &t
	}
	if a.Ran() && b.Ran() {
		c.Cases = caseTurns(a, b)
		broken := brokenRows(a, b)
		c.Observations = slices.DeleteFunc(observationChanges(a.Observations, b.Observations), func(o ObservationChange) bool {
			return (o.From == nil || o.To == nil) && broken[o.Case]
		})
	}
	if c.Verdict == nil && len(c.Cases) == 0 && len(c.Observations) == 0 {
		return c, false
	}
	turns := slices.Clone(c.Cases)
	if c.Verdict != nil {
		turns = append(turns, *c.Verdict)
	}
	if len(turns) > 0 {
		c.Trend = overall(turns)
	}
	return c, true
}

// brokenRows are the cases that did not come to their end on one side: what
// they did not get to observe says nothing.
func brokenRows(results ...*Result) map[string]bool {
	broken := map[string]bool{}
	for _, r := range results {
		broken[""] = broken[""] || r.stand().Broken
		for _, c := range r.Cases {
			broken[c.Case] = broken[c.Case] || standOf(c.Status, c.Reason).Broken
		}
	}
	return broken
}

func caseTurns(a, b *Result) []Turn {
	var turns []Turn
	stands := func(r *Result) (names []string, by map[string]Stand) {
		by = map[string]Stand{}
		for _, c := range r.Cases {
			names = append(names, c.Case)
			by[c.Case] = standOf(c.Status, c.Reason)
		}
		return names, by
	}
	names, from := stands(a)
	more, to := stands(b)
	for _, name := range more {
		if _, both := from[name]; !both {
			names = append(names, name)
		}
	}
	for _, name := range names {
		if t, differs := turn(name, from[name], to[name]); differs {
			turns = append(turns, t)
		}
	}
	return turns
}
