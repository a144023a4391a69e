package render

import (
	"cmp"
	"fmt"
	"slices"

	"assay/suite/report"
	"assay/suite/report/words"
)

// Closing returns the counts of a report on one line: "13 passed, 0 failed, 2
// skipped, in 2.1 s (CPU 3.3 s, 31 issuances) → exit 0".
func Closing(r *report.Report) string { return digestOf(r).allCounts(r) }

// slowest shows the n requirements that took longest, the slowest first. Times of
// cases count together.
func (p *printer) slowest(r *report.Report, n int) {
	var ran []*report.Result
	for i := range r.Results {
		if x := &r.Results[i]; x.Ran() {
			ran = append(ran, x)
		}
	}
	slices.SortStableFunc(ran, func(a, b *report.Result) int {
		return cmp.Compare(b.DurationMS, a.DurationMS)
	})
	ran = ran[:min(max(n, 0), len(ran))]
	if len(ran) == 0 {
		return
	}
	p.Line("")
	p.Line(p.Paint(words.Bold, slowestTitle))
	for _, x := range ran {
		cases := ""
		if len(x.Cases) > 1 {
			cases = fmt.Sprintf(" (%d cases)", len(x.Cases))
		}
		p.item(fmt.Sprintf("%8s  %s%s  %s", seconds(x.DurationMS), x.ID, cases, x.Title), "")
	}
}

const slowestTitle = "Slowest requirements"
