package progress

import (
	"strings"
	"time"

	"assay/suite/internal/render"
	"assay/suite/report"
	"assay/suite/report/words"
)

// Settings say where and how a run is shown.
type Settings struct {
	Live  bool // one line that is drawn again in place; needs a terminal
	Color bool
	Width int    // columns; 0 if it is unknown
	Dir   string // directory of the report, for the paths of evidence
	// LineOnly shows the live line and nothing else, for commands that say themselves
	// what came of a run.
	LineOnly bool
}

const (
	// linesAfter is how long a display that is not live says nothing.
	linesAfter = 10 * time.Second
	// drawEvery is the least time between two drawings of the live line.
	drawEvery = 100 * time.Millisecond

	// narrow is the width of a terminal that does not say how wide it is.
	narrow = 80

	further = "  " // stands before each further row of a line

	erase = "\r\x1b[K" // to the beginning of the row, and erase the row
)

// screen is the state of a display. Its methods return what to write.
type screen struct {
	Settings
	began    time.Time
	printed  time.Time // when the last line was printed
	drawn    time.Time // when the live line was drawn last
	line     string    // the live line that is drawn
	latest   report.Event
	ended    bool              // a signal ended the run
	failures map[string]bool   // keys of the failures printed
	causes   map[string]string // the first failure with each cause, in this run
}

func newScreen(s Settings) screen {
	return screen{Settings: s, failures: map[string]bool{}, causes: map[string]string{}}
}

// event takes an event.
func (s *screen) event(e report.Event, now time.Time) string {
	if s.ended && e.Kind != report.EventAborting {
		return "" // what is cut short now says nothing about the target
	}
	if e.Kind == report.EventEnding || e.Kind == report.EventAborting {
		s.ended = true
	}
	if e.Kind == report.EventBegan {
		s.began, s.ended, s.causes = now, false, map[string]string{}
	}
	s.latest = e
	text := ""
	if !s.LineOnly {
		text = s.text(e, now)
	}
	if text == "" {
		if now.Sub(s.drawn) < drawEvery {
			return "" // tick draws it
		}
		return s.draw(now)
	}
	s.printed = now
	return s.clear() + text + s.draw(now)
}

// text returns the lines to print for an event.
func (s *screen) text(e report.Event, now time.Time) string {
	switch e.Kind {
	case report.EventBegan:
		return s.wrapped(Began(e))
	case report.EventChapter:
		if e.Chapter == nil || s.Live {
			return "" // the live line counts
		}
		return s.wrapped(Chapter(e, now.Sub(s.began)))
	case report.EventAgain:
		return s.wrapped(Again(e))
	case report.EventEnding:
		return s.wrapped(Ending(e, s.Live))
	case report.EventAborting:
		return s.wrapped(Aborting)
	case report.EventFailure:
		return s.failure(e.Failure)
	case report.EventIssuance:
		return s.issuance(e.Failure)
	}
	return ""
}

// failure returns the text of a failure.
func (s *screen) failure(x *report.Result) string {
	if x == nil {
		return ""
	}
	var text strings.Builder
	style := render.Style{Color: s.Color, Width: render.Columns(s.Width), Dir: s.Dir}
	cause := render.CauseKey(x)
	if render.WriteFailure(&text, x, s.causes[cause], style) != nil {
		return "" // a strings.Builder has no errors
	}
	s.failures[key(x)] = true
	if s.causes[cause] == "" {
		s.causes[cause] = x.ID
	}
	return text.String()
}

// issuance returns the text about a certificate that the target did not get.
func (s *screen) issuance(x *report.Result) string {
	if x == nil {
		return ""
	}
	var text strings.Builder
	style := render.Style{Color: s.Color, Width: render.Columns(s.Width)}
	if render.WriteIssuance(&text, x, style) != nil {
		return "" // a strings.Builder has no errors
	}
	s.causes[render.CauseKey(x)] = render.NoCertificate
	return text.String()
}

// key identifies a failure that was printed. The result of the report has the same
// reason, unless something changed afterwards.
func key(x *report.Result) string {
	return x.ID + " " + string(x.Status) + " " + words.Printable(x.Reason)
}

// tick draws the live line again, or prints a line after a while without one. The
// display calls it from time to time.
func (s *screen) tick(now time.Time) string {
	switch {
	case s.began.IsZero():
		return ""
	case s.Live:
		return s.draw(now)
	case now.Sub(s.printed) >= linesAfter && !s.ended && !s.LineOnly:
		s.printed = now
		return s.wrapped("assay: " + Counts(s.latest, now.Sub(s.began)))
	}
	return ""
}

// end ends a run. Nothing is drawn until the next one begins.
func (s *screen) end() string {
	s.began = time.Time{}
	return s.clear()
}

// columns returns the width of the live line.
func (s *screen) columns() int {
	if s.Width <= 0 {
		return narrow
	}
	return s.Width
}

// clear removes the live line.
func (s *screen) clear() string {
	if s.line == "" {
		return ""
	}
	s.line = ""
	return erase
}

// draw draws the live line, if that shows something new.
func (s *screen) draw(now time.Time) string {
	if !s.Live || s.began.IsZero() {
		return ""
	}
	s.drawn = now
	line := Line(s.latest, now.Sub(s.began), s.columns())
	if line == s.line {
		return ""
	}
	before := s.clear()
	s.line = line
	return before + line
}

// wrapped returns a line in as many rows as the width demands. Where there is no
// terminal, it stays one line, which programs can search.
func (s *screen) wrapped(line string) string {
	if !s.Live {
		return line + "\n"
	}
	rows := words.Wrap(line, s.columns()-len(further))
	return strings.Join(rows, "\n"+further) + "\n"
}
