package page

// limits says how much of the evidence of one result a page shows.
type limits struct {
	config    int // bytes of the configuration
	lines     int // lines of the log
	exchanges int // exchanges with the CA
	chains    int // different chains that were served
}

// steps are the limits of one page.
type steps struct {
	judged      limits // of what failed, in full
	further     limits // of further cases of what failed
	cases       int    // how many further cases of a requirement have evidence
	calm        limits // of what passed or was observed
	observation int    // bytes of one observation
	text        int    // bytes of any text
}

func (s steps) of(k Kind) limits {
	if k.calm() {
		return s.calm
	}
	return s.judged
}

// ofCase returns the limits of a case that follows n others with evidence.
func (s steps) ofCase(k Kind, n int) limits {
	switch {
	case k.calm():
		return s.calm
	case n < s.cases:
		return s.further
	}
	return limits{}
}

// calm reports whether nobody has to look into the evidence.
func (k Kind) calm() bool {
	return k != failed && k != errored && k != unexpected && k != notMet && k != known
}

// ladder holds the limits that Render tries, one after the other, until the page
// is small enough.
var ladder = []steps{
	{
		judged:  limits{16_000, 160, 120, 8},
		further: limits{8000, 80, 60, 6}, cases: 100,
		calm: limits{4000, 40, 60, 4}, observation: 4000, text: 100_000,
	},
	{
		judged:  limits{16_000, 160, 120, 8},
		further: limits{4000, 40, 40, 4}, cases: 4,
		calm: limits{1000, 8, 12, 1}, observation: 2000, text: 50_000,
	},
	{
		judged:  limits{16_000, 160, 120, 8},
		further: limits{2000, 16, 20, 2}, cases: 1,
		calm: limits{600, 4, 6, 1}, observation: 1000, text: 20_000,
	},
	{
		judged:  limits{8000, 60, 60, 6},
		further: limits{2000, 16, 20, 2}, cases: 1,
		calm: limits{600, 4, 6, 1}, observation: 1000, text: 20_000,
	},
	{judged: limits{8000, 60, 60, 6}, observation: 600, text: 2000},
	{judged: limits{4000, 20, 30, 3}, observation: 400, text: 2000},
	{judged: limits{1000, 12, 16, 2}, observation: 200, text: 400},
	{text: 100, observation: 100},
}
