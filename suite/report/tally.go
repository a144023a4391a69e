package report

// A Tally counts requirements by what they mean for a run. Each requirement is
// counted once.
type Tally struct {
	Failing       int // fail the run: see [Result.Fails]
	NotMet        int // a SHOULD that failed and does not fail the run
	NotOffered    int // a MAY that failed: see [Result.NotOffered]
	KnownFailures int
	Passed        int
	Observed      int
	Skipped       int // without those that the user left out of the run
	LeftOut       int // see [Result.LeftOut]
	NotClaimed    int
}

// Tally counts the requirements of the report.
func (r *Report) Tally() Tally {
	var t Tally
	for i := range r.Results {
		t.Add(&r.Results[i], r.Strict)
	}
	return t
}

// Add counts one result of a run, which may be strict.
func (t *Tally) Add(x *Result, strict bool) {
	switch {
	case x.Fails(strict):
		t.Failing++
	case x.NotOffered():
		t.NotOffered++
	case x.Status == Failed:
		t.NotMet++
	case x.Status == KnownFailed:
		t.KnownFailures++
	case x.Status == Passed:
		t.Passed++
	case x.Status == Observed:
		t.Observed++
	case x.Status == Skipped && x.LeftOut:
		t.LeftOut++
	case x.Status == Skipped:
		t.Skipped++
	case x.Status == NotClaimed:
		t.NotClaimed++
	}
}
