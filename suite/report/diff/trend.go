package report

import (
	"slices"
	"strings"
)

// Trend says where a change leads.
type Trend string

// The trends, worst first.
const (
	Worse   Trend = "worse"   // it held, or was not judged, and does not hold now
	Lost    Trend = "lost"    // it was judged, and is not any more
	Changed Trend = "changed" // other facts, or judged otherwise, but no assertion the worse for it
	Gained  Trend = "gained"  // it is judged now
	Better  Trend = "better"  // it did not hold, and does now
)

var trends = []Trend{Worse, Lost, Changed, Gained, Better}

func (t Trend) rank() int { return slices.Index(trends, t) }

// overall is the trend of a requirement: its worst, if any of its cases got
// worse, or else what became better of the others.
func overall(turns []Turn) Trend {
	for _, t := range []Trend{Worse, Lost, Better, Gained} {
		if slices.ContainsFunc(turns, func(x Turn) bool { return x.Trend == t }) {
			return t
		}
	}
	return Changed
}

// stand is broken if any case is: the reason of what is only observed need not
// be that of the case whose assertion failed.
func (r *Result) stand() Stand {
	s := standOf(r.Status, r.Reason)
	s.Broken = s.Broken || slices.ContainsFunc(r.Cases, func(c Case) bool { return c.Broken() })
	return s
}

func standOf(s Status, reason string) Stand {
	st := Stand{Status: s, Reason: reason}
	switch s {
	case Failed, Error, KnownFailed:
		st.Broken = true
	case Observed:
		st.Broken = strings.Contains(reason, doesNotHold)
	}
	return st
}

// Broken says that an assertion failed, whether or not that is judged.
func (r *Result) Broken() bool { return r.stand().Broken }

// Broken says that an assertion failed, whether or not that is judged.
func (c *Case) Broken() bool { return standOf(c.Status, c.Reason).Broken }

func (s Stand) judged() bool { return s.Status != "" && s.Status != Skipped && s.Status != NotClaimed }

// turn compares two verdicts. Reasons are raw, so they are not compared.
func turn(name string, from, to Stand) (Turn, bool) {
	t := Turn{Case: name, From: from, To: to, Trend: Changed}
	if from.Status == to.Status && from.Broken == to.Broken {
		return t, false
	}
	switch {
	case !from.judged() && !to.judged():
		if from.Status == NotClaimed || to.Status == NotClaimed {
			return t, false // skipped or not claimed: nothing is known of either
		}
	case !from.judged() && !to.Broken:
		t.Trend = Gained
	case !to.judged():
		t.Trend = Lost
	case !from.Broken && to.Broken:
		t.Trend = Worse
	case from.Broken && !to.Broken:
		t.Trend = Better
	case from.Broken && to.Status.rank() < from.Status.rank():
		t.Trend = Worse
	case from.Broken:
		t.Trend = Better
	}
	return t, true
}

// fails says that a verdict got worse, judged or not: what lies outside a
// requirement's range of versions was kept before all the same. What the
// target's list of known failures excuses is shown but no failure.
func (c *Change) fails() bool {
	turns := c.Cases
	if c.Verdict != nil {
		turns = append(slices.Clone(turns), *c.Verdict)
	}
	return slices.ContainsFunc(turns, func(t Turn) bool {
		return t.Trend == Worse && t.To.Status != KnownFailed
	})
}

// weight orders changes: by trend, then by level, what fails first.
func (c *Change) weight() int {
	w := c.Trend.rank()*10 + slices.Index(Levels, c.Level)
	if c.Trend == Worse && !c.fails() {
		w += 5
	}
	return w
}
