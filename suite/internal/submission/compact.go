package submission

import (
	"fmt"

	"assay/suite/report"
	"assay/suite/report/words"
)

// room is how much of the evidence of one result is kept.
type room struct {
	lines, exchanges, handshakes int
	text                         int // bytes of a configuration, a line or a message
}

// A step leaves out more than the one before it.
type step struct {
	room
	cases        bool            // evidence of further cases is kept
	observations map[string]bool // the kinds that are left out
	nothing      bool            // all observations are left out
	says         []string        // what the step leaves out
}

// Kinds of observations, the largest first.
var (
	logs  = map[string]bool{"log": true, "error": true}
	large = map[string]bool{"log": true, "error": true, "acme": true, "chain": true, "file": true}
)

const (
	calmLeftOut = "the evidence of what passed, was observed or was skipped"
	cutOff      = "evidence beyond %d lines of a log, %d exchanges with the CA and %d connections each"
	casesOut    = "the evidence of all cases but the one that decided"
	logsOut     = "observations of the kinds error and log"
	largeOut    = "observations of the kinds acme, chain, error, file and log"
	allOut      = "all observations"
)

// steps are tried one after the other until the report is small enough.
var steps = []step{
	{room{40, 40, 10, 4000}, true, nil, false, []string{calmLeftOut}},
	{room{20, 20, 4, 2000}, false, nil, false, []string{calmLeftOut, casesOut}},
	{room{20, 20, 4, 2000}, false, logs, false, []string{calmLeftOut, casesOut, logsOut}},
	{room{12, 12, 2, 1000}, false, large, false, []string{calmLeftOut, casesOut, largeOut}},
	{room{4, 4, 1, 500}, false, nil, true, []string{calmLeftOut, casesOut, allOut}},
	{room{0, 0, 0, 300}, false, nil, true, []string{"all evidence", allOut}},
}

// compact returns a copy of a report that fits into [MaxReport] bytes, what it
// lacks, and its text.
func compact(r *report.Report) (*report.Report, []string, []byte, error) {
	size := 0
	for _, s := range steps {
		small := s.report(r)
		text, err := encode(small, "")
		if err != nil {
			return nil, nil, nil, err
		}
		if size = len(text); size <= MaxReport {
			says := s.says
			if s.lines > 0 {
				says = append([]string{fmt.Sprintf(cutOff, s.lines, s.exchanges, s.handshakes)}, says...)
			}
			return small, says, text, nil
		}
	}
	return nil, nil, nil, fmt.Errorf("%s: found %d bytes even without evidence and observations, "+
		"expected at most %d", ReportFile, size, MaxReport)
}

func (s step) report(r *report.Report) *report.Report {
	small := *r
	small.Error = words.Cut(r.Error, 4000)
	small.Results = nil
	for _, x := range r.Results {
		kept := toExplain(x.Status)
		x.Reason, x.Detail = words.Cut(x.Reason, s.text), words.Cut(x.Detail, s.text)
		x.Evidence = s.evidence(x.Evidence, kept, r, x.ID)
		x.Observations = s.observed(x.Observations)
		var cases []report.Case
		for _, c := range x.Cases {
			c.Reason, c.Detail = words.Cut(c.Reason, s.text), words.Cut(c.Detail, s.text)
			c.Evidence = s.evidence(c.Evidence, s.cases && toExplain(c.Status), r, x.ID+"/"+c.Case)
			cases = append(cases, c)
		}
		x.Cases = cases
		small.Results = append(small.Results, x)
	}
	return &small
}

// toExplain reports whether a reader wants the evidence of a status.
func toExplain(s report.Status) bool {
	switch s {
	case report.Failed, report.Error, report.KnownFailed, report.UnexpectedPassed:
		return true
	}
	return false
}

// evidence returns what is kept. The files of evidence are not part of a
// submission, so nothing refers to them.
func (s step) evidence(
	e *report.Evidence,
	keep bool,
	r *report.Report,
	id string,
) *report.Evidence {
	if e == nil || !keep {
		return nil
	}
	small := report.Evidence{Case: e.Case, Config: words.Cut(e.Config, s.text)}
	if e.Repeat != "" {
		small.Repeat = Command(r) + " --only " + id
	}
	from := max(0, len(e.Log)-s.lines)
	for _, line := range e.Log[from:] {
		small.Log = append(small.Log, words.Cut(line, min(s.text, 400)))
	}
	if len(e.LogTMS) == len(e.Log) && len(small.Log) > 0 {
		small.LogTMS = e.LogTMS[from:]
	}
	for _, x := range e.ACME[:min(s.exchanges, len(e.ACME))] {
		x.Detail = words.Cut(x.Detail, s.text)
		small.ACME = append(small.ACME, x)
	}
	for _, h := range e.Handshakes[:min(s.handshakes, len(e.Handshakes))] {
		var chain []report.Certificate
		for _, c := range h.Chain {
			c.PEM = ""
			chain = append(chain, c)
		}
		h.Chain = chain
		small.Handshakes = append(small.Handshakes, h)
	}
	return &small
}

func (s step) observed(observations []report.Observation) []report.Observation {
	var kept []report.Observation
	for _, o := range observations {
		if !s.nothing && !s.observations[o.Kind] {
			kept = append(kept, o)
		}
	}
	return kept
}
