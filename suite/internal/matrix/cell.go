package matrix

import (
	"net/url"

	"assay/scenarios"
	"assay/suite/internal/page"
	"assay/suite/report"
)

// missing is the kind of a requirement that a report does not have.
var missing = page.Kind{Key: "missing", Word: "not in its catalogue", Accent: "mute"}

// A Tally counts cells by their kind.
type Tally map[page.Kind]int

// A Count is how often a kind occurs.
type Count struct {
	Kind page.Kind
	N    int
}

// Counts returns the kinds that occur, worst first.
func (t Tally) Counts() []Count {
	var all []Count
	for _, k := range append(page.Kinds(), missing) {
		if t[k] > 0 {
			all = append(all, Count{k, t[k]})
		}
	}
	return all
}

// of returns how often the kinds with these keys occur.
func (t Tally) of(keys ...string) int {
	n := 0
	for k, count := range t {
		for _, key := range keys {
			if k.Key == key {
				n += count
			}
		}
	}
	return n
}

// A Cell shows the verdict on one requirement in one run.
type Cell struct {
	Column *Column
	Kind   page.Kind
	// Level is set if the run judged at another level than the row shows.
	Level scenarios.Level
	// Reason says on one line why the requirement did not plainly pass.
	Reason string
	// Message is the whole message.
	Message string
	Excuse  *report.Excuse
	// Expired is the last day of an excuse that has expired since the run.
	Expired string
	// Cases are the cases that did not pass.
	Cases    []report.Case
	Evidence *report.Evidence
	// Link leads to the requirement on the page of the report, or is "".
	Link string
}

func newCell(x *report.Result, s Source, c *Column, o Options) *Cell {
	cell := &Cell{
		Column: c, Kind: page.KindOf(x, s.Report.Strict), Level: x.Level,
		Reason: shorten(x.Reason, 300), Message: x.Message(), Excuse: excuse(x),
		Expired: expired(x, o.Now), Evidence: x.Evidence,
	}
	for _, k := range x.Cases {
		if k.Status != report.Passed && k.Status != report.Skipped && k.Status != report.NotClaimed {
			cell.Cases = append(cell.Cases, k)
		}
	}
	if s.Page != "" {
		cell.Link = s.Page
		if s.Anchors {
			cell.Link += "#" + (&url.URL{Path: x.ID}).EscapedPath()
		}
	}
	return cell
}

// excuse returns the entry of known failures that applied to a result, or to the
// first of its cases that has one.
func excuse(x *report.Result) *report.Excuse {
	if x.KnownFailure != nil {
		return x.KnownFailure
	}
	for _, c := range x.Cases {
		if c.KnownFailure != nil {
			return c.KnownFailure
		}
	}
	return nil
}

func missingCell(c *Column) *Cell { return &Cell{Column: c, Kind: missing} }

// Excused returns the reason of the known failure, or "".
func (c *Cell) Excused() string {
	if c.Excuse == nil {
		return ""
	}
	return c.Excuse.Reason
}

// Hint says in one line what the cell shows.
func (c *Cell) Hint() string {
	text := c.Kind.Word
	switch {
	case c.Excused() != "" && c.Kind.Key == "known-failure":
		text += ": " + shorten(c.Excuse.Reason, 300)
	case c.Reason != "":
		text += ": " + c.Reason
	}
	if c.Expired != "" {
		text += " (excused until " + c.Expired + ", which has passed)"
	}
	return text
}

// Noted reports whether the cell deserves an explanation: something went wrong,
// or is excused.
func (c *Cell) Noted() bool {
	switch c.Kind.Key {
	case "error", "failed", "unexpected-pass", "not-met", "not-offered", "known-failure":
		return true
	}
	return false
}
