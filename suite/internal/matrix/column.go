package matrix

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"assay/suite/report"
	"assay/suite/report/words"
)

// A Column describes one run.
type Column struct {
	Number   int // from 1 on
	Name     string
	Version  string
	Autocert string
	World    string
	CA       string
	OS       string
	Suite    string
	Started  time.Time // the zero time if unknown
	Exit     int
	Tally    Tally
	// Notes say why the run does not speak for the server as a whole, or not any
	// more.
	Notes []Note
	// Page is the link to the page of the report, or "".
	Page string
}

// A Note says that a run is partial or expired.
type Note struct {
	Word string // "interrupted"
	Text string // a sentence
}

// Date returns the day of the run.
func (c *Column) Date() string {
	if c.Started.Year() <= 1 {
		return "unknown date"
	}
	return c.Started.UTC().Format("2006-01-02")
}

// Title returns name and version.
func (c *Column) Title() string { return words.Join(" ", c.Name, c.Version) }

// claims reports whether the run says anything about the requirements that were
// counted.
func (c *Column) claims(t Tally) bool {
	for kind, n := range t {
		if n > 0 && kind.Key != "not-claimed" && kind != missing {
			return true
		}
	}
	return false
}

func newColumn(s Source, i int, o Options) *Column {
	r := s.Report
	version := s.Version
	if version == "" {
		version = Version(r.Target.Version)
	}
	return &Column{
		Number: i + 1, Name: shorten(r.Target.Name, 60), Version: shorten(version, 40),
		Autocert: shorten(r.Target.Autocert, 40), World: shorten(r.World, 20),
		CA: shorten(r.CA, 40), OS: shorten(r.OS, 40), Suite: shorten(r.Suite.Version, 40),
		Started: r.Started, Exit: r.Exit, Tally: Tally{}, Page: s.Page,
		Notes: notes(r, o),
	}
}

// number matches a version in the line by which a program names itself.
var number = regexp.MustCompile(`v?\d+\.\d+[0-9A-Za-z.+~-]*`)

// Version returns the version in the line that a program prints for it: "v3.1.2"
// for "registry github.com/distribution/distribution/v3 v3.1.2", and the last word
// of a line without a number.
func Version(line string) string {
	line = words.OneLine(words.Printable(line))
	for word := range strings.FieldsSeq(line) {
		if _, after, ok := strings.Cut(word, "/"); ok { // nginx/1.22.1
			word = after
		}
		if number.FindString(word) == word {
			return word
		}
	}
	return line[strings.LastIndex(line, " ")+1:]
}

// notes says why the run does not speak for the whole server.
func notes(r *report.Report, o Options) []Note {
	var all []Note
	add := func(word, format string, args ...any) {
		all = append(all, Note{word, fmt.Sprintf(format, args...)})
	}
	if r.Interrupted {
		add("interrupted", "A signal ended the run. The verdicts that were reached are kept.")
	}
	if r.Error != "" {
		add("run failed", "The run itself failed: %s", shorten(words.Headline(r.Error), 300))
	}
	if r.Stopped != "" {
		add("ended early", "The run ended early: %s", shorten(r.Stopped, 300))
	}
	t := r.Tally()
	claimed := len(r.Results) - t.NotClaimed
	switch s := r.Selection; {
	case s != nil && s.Shard != "":
		add("partial", "The run tried part %s of the requirements, %d of the %d that the server claims.",
			shorten(s.Shard, 20), claimed-t.LeftOut, claimed)
	case t.LeftOut > 0:
		add("partial", "The run was asked to try %d of the %d requirements that the server claims.",
			claimed-t.LeftOut, claimed)
	}
	if r.Suite.Catalogue != o.Catalogue {
		add("other catalogue", "The run was judged by another catalogue than the present one. "+
			"Requirements may be missing, or have changed since.")
	}
	if age := o.Now.Sub(r.Started); o.MaxAge > 0 && age > o.MaxAge {
		add("expired", "The run is %d days old, and counts for %d.", days(age), days(o.MaxAge))
	}
	if n := expiredEntries(r, o.Now); n == 1 {
		add("expired entry", "One known failure is excused until a day that has passed.")
	} else if n > 1 {
		add("expired entries", "%d known failures are excused until a day that has passed.", n)
	}
	return all
}

func days(d time.Duration) int { return int(d / (24 * time.Hour)) }

// expiredEntries counts the results whose excuse has expired since the run.
func expiredEntries(r *report.Report, now time.Time) int {
	n := 0
	for i := range r.Results {
		if expired(&r.Results[i], now) != "" {
			n++
		}
	}
	return n
}

// expired returns the last day of an excuse of a known failure that has expired,
// or "".
func expired(x *report.Result, now time.Time) string {
	if x.Status != report.KnownFailed {
		return ""
	}
	entries := []*report.Excuse{x.KnownFailure}
	for _, c := range x.Cases {
		entries = append(entries, c.KnownFailure)
	}
	for _, e := range entries {
		if e != nil && past(e.Until, now) {
			return e.Until
		}
	}
	return ""
}

// past reports whether a day is over. A text that is no day is not.
func past(day string, now time.Time) bool {
	t, err := time.Parse(time.DateOnly, day)
	return err == nil && !now.Before(t.AddDate(0, 0, 1))
}

// shorten returns a text on one line, of at most limit characters.
func shorten(text string, limit int) string {
	return words.Shorten(words.OneLine(text), limit)
}
