package page

import (
	"cmp"
	"slices"

	"assay/suite/report"
)

// A logView is the part of the target's log that the page shows. Where the times
// are known, what the clients and the CA saw meanwhile stands between the lines.
type logView struct {
	Timed bool
	Lines []logLine
	Total int
}

// A logLine is a line of the log, an event, or a gap.
type logLine struct {
	Time   string
	Text   string
	Accent string // "" for a line of the log
}

// maxLine is the length in bytes of the longest line that is shown.
const maxLine = 1200

// An event is something that happened while the target wrote its log.
type event struct {
	t      int64
	text   string
	accent string
}

func newLogView(e *report.Evidence, served []*serving, limit int) *logView {
	if len(e.Log) == 0 {
		return nil
	}
	v := &logView{Total: len(e.Log), Timed: len(e.LogTMS) == len(e.Log)}
	center := len(e.Log) - 1
	var events []event
	if v.Timed {
		events = eventsOf(e, served)
		if t, ok := trouble(events); ok {
			if i := slices.IndexFunc(e.LogTMS, func(x int64) bool { return x > t }); i >= 0 {
				center = i
			}
		}
	}
	spans := choose(len(e.Log), limit, center)
	for i, s := range spans {
		for k := s.from; k < s.to; k++ {
			line := logLine{Text: cut(e.Log[k], maxLine)}
			if v.Timed {
				line.Time = moment(e.LogTMS[k])
				for len(events) > 0 && events[0].t < e.LogTMS[k] {
					v.event(events[0])
					events = events[1:]
				}
			}
			v.Lines = append(v.Lines, line)
		}
		if n := gap(spans, i, len(e.Log)); n > 0 {
			v.Lines = append(v.Lines, logLine{
				Text: plural(n, "line", "lines") + " left out here", Accent: "gap",
			})
		}
	}
	for _, x := range events {
		v.event(x)
	}
	return v
}

func (v *logView) event(x event) {
	v.Lines = append(v.Lines, logLine{moment(x.t), cut(x.text, maxLine), x.accent})
}

// maxEvents is the number of events that a log shows between its lines.
const maxEvents = 16

// eventsOf returns what clients and the CA saw, in the order of time: certificates
// that were new, connections that failed, and exchanges that went wrong.
func eventsOf(e *report.Evidence, served []*serving) []event {
	var events []event
	for _, s := range served {
		switch {
		case s.err != "":
			events = append(events, event{s.first, "client: " + s.err, "bad"})
		case len(s.chain) > 0:
			events = append(events, event{s.first, "client: was served " + shortName(s.chain[0]), "info"})
		}
	}
	for _, x := range e.ACME {
		if accent := accentOf(x); accent != "" {
			events = append(events, event{x.TMS, "CA: " + sentence(x), accent})
		}
	}
	slices.SortStableFunc(events, func(a, b event) int { return cmp.Compare(a.t, b.t) })
	if len(events) > maxEvents {
		events = events[:maxEvents]
	}
	return events
}

// trouble returns the time of the last event that went wrong.
func trouble(events []event) (int64, bool) {
	for _, x := range slices.Backward(events) {
		if x.accent != "info" {
			return x.t, true
		}
	}
	return 0, false
}
