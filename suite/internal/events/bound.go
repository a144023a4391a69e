package events

import (
	"slices"
	"unicode/utf8"

	"assay/suite/report"
	"assay/suite/report/words"
)

// A bounds says what an event holds at most. A verdict shows less of each.
type bounds struct {
	text      int // bytes of a text
	short     int // bytes of a line of a log, and of texts of which there are many
	logLines  int // the last ones
	exchanges int // the first and the last ones
	cases     int
	running   int
}

// widest bounds nearly every event. Where it is not enough, half of everything is tried,
// and half of that.
var widest = bounds{
	text: 8 << 10, short: 1 << 10, logLines: 100, exchanges: 30, cases: 100, running: 128,
}

// bounded returns a copy of an event of which every list and text is bounded, with
// control characters escaped. It fits a line that [Read] accepts.
func bounded(e report.Event) report.Event {
	for b := widest; ; b = b.half() {
		short := b.event(e)
		line, err := encode(short)
		if err != nil || len(line) < maxLine || b.short < 2 {
			return short
		}
	}
}

func (b bounds) half() bounds {
	return bounds{b.text / 2, b.short / 2, b.logLines / 2, b.exchanges / 2, b.cases / 2, b.running / 2}
}

func (b bounds) event(e report.Event) report.Event {
	e.Target, e.Executable = cut(e.Target, b.text), cut(e.Executable, b.text)
	e.WorkersReason = cut(e.WorkersReason, b.short)
	e.Running = b.list(e.Running, b.running)
	if e.Chapter != nil {
		c := *e.Chapter
		c.Name = cut(c.Name, b.short)
		e.Chapter = &c
	}
	if e.Failure != nil {
		e.Failure = b.result(*e.Failure)
	}
	return e
}

// list returns the first texts of a list.
func (b bounds) list(all []string, most int) (short []string) {
	for _, text := range all[:min(len(all), most)] {
		short = append(short, cut(text, b.short))
	}
	return short
}

// result returns what of a result explains a failure.
func (b bounds) result(x report.Result) *report.Result {
	x.Observations = nil
	for _, text := range []*string{
		&x.Title, &x.Text, &x.Why, &x.Source, &x.Reason, &x.Detail, &x.TriedTwice, &x.Remedy,
	} {
		*text = cut(*text, b.text)
	}
	x.ID, x.Profile, x.Cause = cut(x.ID, b.short), cut(x.Profile, b.short), cut(x.Cause, b.short)
	x.Unclaimed = b.list(x.Unclaimed, b.cases)
	x.KnownFailure = b.excuse(x.KnownFailure)
	x.Cases = slices.Clone(x.Cases)
	if len(x.Cases) > b.cases { // the first ones that say something
		x.Cases = slices.DeleteFunc(x.Cases, func(c report.Case) bool { return !c.Broken() })
		x.Cases = x.Cases[:min(len(x.Cases), b.cases)]
	}
	limit := b.text / max(1, len(x.Cases)/8)
	for i := range x.Cases {
		c := &x.Cases[i]
		c.Evidence, c.KnownFailure = nil, b.excuse(c.KnownFailure)
		c.Case = cut(c.Case, b.short)
		c.Reason, c.Detail = cut(c.Reason, limit), cut(c.Detail, limit)
		c.TriedTwice = cut(c.TriedTwice, limit)
	}
	x.Evidence = b.evidence(x.Evidence)
	return &x
}

// evidence returns the parts of an evidence that explain a failure.
func (b bounds) evidence(e *report.Evidence) *report.Evidence {
	if e == nil {
		return nil
	}
	short := &report.Evidence{
		Case: cut(e.Case, b.text), Dir: cut(e.Dir, b.text), Config: cut(e.Config, b.text),
		Repeat: cut(e.Repeat, b.text),
		Log:    b.list(e.Log[max(0, len(e.Log)-b.logLines):], b.logLines),
	}
	exchanges := e.ACME
	if half := b.exchanges / 2; len(exchanges) > b.exchanges {
		exchanges = slices.Concat(exchanges[:half], exchanges[len(exchanges)-half:])
	}
	for _, x := range exchanges {
		x.From, x.To = cut(x.From, b.short), cut(x.To, b.short)
		x.What, x.Detail = cut(x.What, b.short), cut(x.Detail, b.short)
		x.Fault = cut(x.Fault, b.short)
		short.ACME = append(short.ACME, x)
	}
	return short
}

func (b bounds) excuse(e *report.Excuse) *report.Excuse {
	if e == nil {
		return nil
	}
	return &report.Excuse{
		Reason: cut(e.Reason, b.short), Link: cut(e.Link, b.short), Until: cut(e.Until, b.short),
		Void: cut(e.Void, b.short), Note: cut(e.Note, b.short),
	}
}

// cut returns a text with control characters escaped, and at most n bytes of it.
func cut(s string, n int) string {
	return words.Cut(words.Printable(words.Cut(s, n+utf8.UTFMax)), n)
}
