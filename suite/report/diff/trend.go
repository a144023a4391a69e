package diff

import (
	"slices"

	"assay/scenarios"
	"assay/suite/report"
)

// Trend is the direction of a change.
type Trend string

// The trends, worst first.
const (
	Worse   Trend = "worse"   // it held, or was not judged, and does not hold now
	Lost    Trend = "lost"    // it was judged, and is not judged now
	Changed Trend = "changed" // other facts, or judged otherwise with the same assertions failing
	Gained  Trend = "gained"  // it was not judged, and is judged now
	Better  Trend = "better"  // it did not hold, and holds now
)

var trends = []Trend{Worse, Lost, Changed, Gained, Better}

// overall returns the trend of a requirement whose verdicts changed: the worst if
// one got worse or was lost, else the best.
func overall(verdicts []VerdictChange) Trend {
	for _, t := range []Trend{Worse, Lost, Better, Gained} {
		if slices.ContainsFunc(verdicts, func(v VerdictChange) bool { return v.Trend == t }) {
			return t
		}
	}
	return Changed
}

func (v Verdict) judged() bool {
	return v.Status != "" && v.Status != report.Skipped && v.Status != report.NotClaimed
}

// verdictChange compares two verdicts by status and by whether an assertion
// failed.
func verdictChange(name string, from, to Verdict) (VerdictChange, bool) {
	v := VerdictChange{Case: name, From: from, To: to, Trend: Changed}
	if from.Status == to.Status && from.Broken == to.Broken {
		return v, false
	}
	switch {
	case !from.judged() && !to.judged():
		if from.Status == report.NotClaimed || to.Status == report.NotClaimed {
			return v, false // skipped and not claimed: neither run says anything
		}
	case !from.judged() && !to.Broken:
		v.Trend = Gained
	case !to.judged():
		v.Trend = Lost
	case !from.Broken && to.Broken:
		v.Trend = Worse
	case from.Broken && !to.Broken:
		v.Trend = Better
	case from.Broken && to.Status.WorseThan(from.Status):
		v.Trend = Worse
	case from.Broken:
		v.Trend = Better
	}
	return v, true
}

// gotWorse reports whether a verdict got worse, judged or not: a requirement
// outside its range of versions may have held before. What the target's list of
// known failures excuses does not count.
func (c *Change) gotWorse() bool {
	verdicts := c.Cases
	if c.Verdict != nil {
		verdicts = append(slices.Clone(verdicts), *c.Verdict)
	}
	return slices.ContainsFunc(verdicts, func(v VerdictChange) bool {
		return v.Trend == Worse && v.To.Status != report.KnownFailed
	})
}

// weight orders changes by trend, then by level, with excused ones last.
func (c *Change) weight() int {
	w := slices.Index(trends, c.Trend)*10 + slices.Index(scenarios.Levels(), c.Level)
	if c.Trend == Worse && !c.gotWorse() {
		w += 5
	}
	return w
}
