package render

import (
	"fmt"
	"io"
	"strings"

	"assay/suite/report"
	"assay/suite/report/words"
)

// WriteFailure writes one result that fails its run, as [WriteVerdict] shows it. If like
// is the ID of a failure that was written before and has the same cause, or
// [NoCertificate], WriteFailure names it and leaves the rest out. A failure whose cause
// the run has found takes one line, because most requirements with a CA share such a cause.
func WriteFailure(w io.Writer, x *report.Result, like string, s Style) error {
	p := &printer{Terminal: words.NewTerminal(w, s.Width, s.Color), dir: s.Dir}
	d := digestOf(&report.Report{Strict: true, Results: []report.Result{*x}})
	if like == "" {
		p.failures(d)
		return p.Flush()
	}
	for _, x := range d.failures {
		if x.Cause != "" { // there are many of them
			p.hanging(heading(x), x.Title+" (same cause as "+like+", above)", words.Red, "")
			continue
		}
		p.Line("")
		p.hanging(heading(x), x.Title, words.Red, words.Bold)
		p.field(field{"also", "failed for the same cause as " + like + ", which is above", prose})
		if e := x.Evidence; e != nil {
			p.field(field{"repeat", e.Repeat, verbatim})
		}
	}
	return p.Flush()
}

// NoCertificate is the heading of what [WriteIssuance] writes.
const NoCertificate = "NO CERTIFICATE"

// WriteIssuance writes that the target got no certificate when the run tried that, with
// what explains it and what to do. x has the form of a failure and is no requirement's.
func WriteIssuance(w io.Writer, x *report.Result, s Style) error {
	p := &printer{Terminal: words.NewTerminal(w, s.Width, s.Color)}
	p.Line("")
	p.hanging(NoCertificate+"  ", x.Cause, words.Red, words.Bold)
	p.field(field{"tried", x.Title, prose})
	for _, f := range fields(x, "", nil) {
		p.field(f)
	}
	so := "requirements that need such a certificate fail, and say what they saw"
	if _, cause := causeOf(x); grouped(cause) {
		so = "requirements that need a certificate from the CA fail. Those that fail for this cause " +
			"are one group in the verdict; with a certificate they may show other faults"
	}
	p.field(field{"so", so, prose})
	return p.Flush()
}

// grouped reports whether requirements fail with this cause. Other causes are those of the
// run's own issuance alone.
func grouped(cause string) bool {
	return strings.HasPrefix(cause, report.CauseNoContact) ||
		strings.HasPrefix(cause, report.CauseNoTLS)
}

// CauseKey returns a text that is equal for failures with the same cause.
func CauseKey(x *report.Result) string {
	key, _ := causeOf(x)
	return key
}

// Columns returns the width at which a verdict is wrapped on a terminal of so many
// columns. Prose in longer lines is hard to read.
func Columns(terminal int) int {
	if terminal <= 0 {
		return words.DefaultWidth
	}
	return min(terminal, words.DefaultWidth)
}

// printedAbove takes the failures that were printed before out of the causes of a digest,
// and returns them by their causes.
func (d *digest) printedAbove(printed func(*report.Result) bool) (above []together) {
	if printed == nil {
		return nil
	}
	var left []together
	for _, t := range d.causes {
		before, now := t, t
		before.results, now.results = nil, nil
		for _, x := range t.results {
			if printed(x) {
				before.results = append(before.results, x)
			} else {
				now.results = append(now.results, x)
			}
		}
		if len(before.results) > 0 {
			above = append(above, before)
		}
		if len(now.results) > 0 {
			left = append(left, now)
		}
	}
	d.causes = left
	return above
}

// pointUp lists the failures that were printed before, by their causes.
func (p *printer) pointUp(causes []together, d digest) {
	if len(causes) == 0 {
		return
	}
	p.Line("")
	p.Line(p.Paint(words.Red, printedTitle))
	for _, t := range causes {
		x := t.results[0]
		if n := len(t.results); n > 1 {
			p.hanging(fmt.Sprintf("  %d FAILURES  ", n), t.cause, words.Red, "")
		} else {
			p.hanging("  "+heading(x), x.Title, words.Red, "")
		}
		if ids := t.ids(); len(ids) > 1 {
			p.Prose("      ", strings.Join(ids, " "))
		}
		for _, f := range d.also(together{results: t.results[:1]}) {
			p.Prose("      ", f.text)
		}
	}
}

const printedTitle = "Failures, printed above"

// heading returns what stands before the title of a failure.
func heading(x *report.Result) string {
	return words.Printable(fmt.Sprintf("%s  %s  %s  ", label(x), x.ID, x.Level))
}
