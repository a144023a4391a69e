package page

import (
	"slices"
	"time"

	"assay/suite/report"
)

// A timeline shows the certificates that were served one after the other: how
// long each is valid, and when in the spec it was seen.
type timeline struct {
	From, To string // ends of the axis of validity
	Now      int    // the time of the run on that axis, -1 if it is outside
	Span     string // length of the spec
	Bars     []bar
	Marks    []mark
}

// A bar is one leaf. Positions are between 0 and [barWidth].
type bar struct {
	Name, Valid, Left string
	X, Width          int   // the validity
	Seen              []int // handshakes that showed it
	SeenX, SeenWidth  int   // from the first to the last
}

// A mark is an event of the CA during the spec.
type mark struct {
	X      int
	Accent string
	Time   string
	Text   string
}

// tickWidth is the width of a moment on an axis.
const tickWidth = 4

// maxBars and maxMarks bound a timeline.
const (
	maxBars  = 10
	maxMarks = 24
)

// newTimeline returns nil if there was no more than one leaf.
func newTimeline(e *report.Evidence, served []*serving, now time.Time) *timeline {
	leaves := leavesOf(served)
	if len(leaves) < 2 {
		return nil
	}
	from, to := leaves[0].chain[0].NotBefore, leaves[0].chain[0].NotAfter
	var end int64 = 1
	for _, l := range leaves {
		from, to = earlier(from, l.chain[0].NotBefore), later(to, l.chain[0].NotAfter)
		end = max(end, l.last)
	}
	for _, x := range e.ACME {
		end = max(end, x.TMS)
	}
	axis := func(t time.Time) int { return place(float64(t.Sub(from)), float64(to.Sub(from))) }
	spec := func(ms int64) int { return place(float64(ms), float64(end)) }
	t := &timeline{
		From: from.UTC().Format("2 Jan 2006"), To: to.UTC().Format("2 Jan 2006"),
		Now: -1, Span: moment(end),
	}
	if !now.Before(from) && !now.After(to) {
		t.Now = axis(now)
	}
	for _, l := range leaves {
		t.Bars = append(t.Bars, newBar(l, now, axis, spec))
	}
	t.Marks = marks(e.ACME, spec)
	return t
}

func newBar(l *serving, now time.Time, axis func(time.Time) int, spec func(int64) int) bar {
	c := l.chain[0]
	b := bar{Name: shortName(c), Valid: validity(c), X: axis(c.NotBefore), SeenX: spec(l.first)}
	b.Width = axis(c.NotAfter) - b.X + tickWidth
	b.SeenWidth = spec(l.last) - b.SeenX + tickWidth
	if now.Year() > 1 {
		b.Left = "expired"
		if left := c.NotAfter.Sub(now); left > 0 {
			b.Left = days(left) + " left"
		}
	}
	for _, ms := range l.times {
		if x := spec(ms); len(b.Seen) == 0 || x-b.Seen[len(b.Seen)-1] >= 3 {
			b.Seen = append(b.Seen, x)
		}
	}
	return b
}

// leavesOf returns the servings with different leaves for one name: that of the
// first. Two chains with one leaf are one.
func leavesOf(served []*serving) []*serving {
	var out []*serving
	bySerial := map[string]*serving{}
	for _, s := range served {
		if len(s.chain) == 0 || !s.chain[0].NotAfter.After(s.chain[0].NotBefore) {
			continue
		}
		if len(out) > 0 && !shareName(out[0].chain[0], s.chain[0]) {
			continue
		}
		key := s.chain[0].Serial + "\x00" + s.chain[0].Issuer
		if one := bySerial[key]; one != nil {
			one.first, one.last = min(one.first, s.first), max(one.last, s.last)
			one.times = append(one.times, s.times...)
			continue
		}
		if len(out) == maxBars {
			break
		}
		leaf := *s
		bySerial[key] = &leaf
		out = append(out, &leaf)
	}
	return out
}

// shareName reports whether two certificates are for one name.
func shareName(a, b report.Certificate) bool {
	return slices.ContainsFunc(a.Names, func(name string) bool {
		return slices.Contains(b.Names, name)
	})
}

// marks returns the events that tell how a renewal went.
func marks(all []report.Exchange, spec func(int64) int) []mark {
	var out []mark
	for _, x := range all {
		accent := accentOf(x)
		if accent == "" && x.What != "POST newOrder" && x.What != "certificate issued" {
			continue
		}
		if len(out) == maxMarks {
			break
		}
		if accent == "" {
			accent = "info"
		}
		out = append(out, mark{spec(x.TMS), accent, moment(x.TMS), cut(sentence(x), 200)})
	}
	return out
}

// place returns the position of a value on an axis from 0 to whole.
func place(value, whole float64) int {
	if whole <= 0 {
		return 0
	}
	return int(min(max(value/whole, 0), 1) * (barWidth - tickWidth))
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
