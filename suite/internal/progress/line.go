package progress

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"assay/suite/report"
	"assay/suite/report/words"
)

// Line returns the live line: the counts, the time, and as many of the cases that run
// now as fit, the one that began first in front. It has fewer characters than width, so
// that the cursor stays in its row, and holds whole words only. It is empty if not even
// the shortest form of the counts fits.
func Line(e report.Event, elapsed time.Duration, width int) string {
	forms := lines(e, elapsed)
	for _, line := range forms[:withTime] { // a shorter one, if that makes room
		if now := doing(e, width-length(line)); now != "" {
			return line + now
		}
	}
	for _, line := range forms {
		if length(line) < width {
			return line
		}
	}
	return ""
}

// withTime is how many forms of the counts hold the time.
const withTime = 3

// lines returns the counts in several forms, the longest first.
func lines(e report.Event, elapsed time.Duration) []string {
	return []string{
		"assay: " + Counts(e, elapsed),
		Counts(e, elapsed),
		fmt.Sprintf("%d/%d, %d failed, %s", e.Done, e.Total, e.Failed, seconds(elapsed)),
		fmt.Sprintf("%d/%d, %d failed", e.Done, e.Total, e.Failed),
		fmt.Sprintf("%d/%d", e.Done, e.Total),
	}
}

// doing returns what runs now, in fewer than width characters.
func doing(e report.Event, width int) string {
	for _, what := range phases[e.Kind] {
		if text := " · " + what; length(text) < width {
			return text
		}
	}
	shown := ""
	for i := range e.Running {
		names := " · " + words.Printable(strings.Join(e.Running[:i+1], " "))
		if rest := len(e.Running) - i - 1; rest > 0 {
			names += fmt.Sprintf(" +%d", rest)
		}
		if length(names) >= width {
			break
		}
		shown = names
	}
	return shown
}

// phases says what a run does while no case runs, the longest form first.
var phases = map[report.EventKind][]string{
	report.EventBegan:     {"preparing"},
	report.EventProbe:     {"probe: does the server start?", "probe"},
	report.EventEnding:    {"ending"},
	report.EventAborting:  {"ending"},
	report.EventAgain:     {"second tries"},
	report.EventFinishing: {"writing the report", "report"},
}

// Counts returns how far a run has come: "37 of 176 done, 1 failed, 12 s".
func Counts(e report.Event, elapsed time.Duration) string {
	return fmt.Sprintf("%d of %d done, %d failed, %s", e.Done, e.Total, e.Failed, seconds(elapsed))
}

// Began returns the first line of a run, which names the server.
func Began(e report.Event) string {
	workers := ""
	if e.Workers > 0 {
		workers = fmt.Sprintf(", by %s (%s)",
			words.Plural(e.Workers, "worker process", "worker processes"), e.WorkersReason)
	}
	return words.Printable(fmt.Sprintf("assay: %s against %s (%s)%s",
		words.Plural(e.Total, "requirement", "requirements"), e.Target,
		words.RelativePath(e.Executable), workers))
}

// Chapter returns the line about a chapter of which every case has ended.
func Chapter(e report.Event, elapsed time.Duration) string {
	c := e.Chapter
	return words.Printable(fmt.Sprintf("assay: %s: %d done, %d failed (%s)",
		c.Name, c.Done, c.Failed, Counts(e, elapsed)))
}

// Again returns the line about cases that are tried again.
func Again(e report.Event) string {
	return "assay: this machine was starved during " +
		words.Plural(e.Again, "case, which is", "cases, which are") + " tried again"
}

// Ending returns the line about a signal that ends the run. A person at a terminal can
// press Ctrl-C again; elsewhere, the sender of the signal can send another one.
func Ending(e report.Event, terminal bool) string {
	again := "a second signal ends it at once"
	if terminal {
		again = "press Ctrl-C again to end it at once"
	}
	if e.Done == 0 {
		return fmt.Sprintf("assay: the run ends; no verdict has been reached so far; %s", again)
	}
	return fmt.Sprintf("assay: the run ends; the verdicts reached so far (%d of %d) are kept; "+
		"%s, without them", e.Done, e.Total, again)
}

// Aborting is the line about a second signal.
const Aborting = "assay: the run is ended at once; no verdict is kept"

// seconds returns a time as people read it: "12 s", "3 min 5 s".
func seconds(d time.Duration) string {
	s := int(d / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d min %d s", s/60, s%60)
	}
	return fmt.Sprintf("%d h %d min", s/3600, s/60%60)
}

// length returns the number of columns of a text. Names of cases and of files that a
// live line holds are narrow characters.
func length(s string) int { return utf8.RuneCountInString(s) }
