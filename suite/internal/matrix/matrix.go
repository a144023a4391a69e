package matrix

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"assay/scenarios"
	"assay/suite/internal/page"
	"assay/suite/report"
)

// A Source is one report of a matrix.
type Source struct {
	Report *report.Report
	// Version takes the place of the version that the report holds, if it is not
	// empty.
	Version string
	// Page is the link to the page of the report, on which a requirement has the
	// anchor of its ID. It is empty if there is none.
	Page string
	// Anchors says that the page has an anchor for each requirement.
	Anchors bool
}

// Options say what the reports are compared with.
type Options struct {
	// Now is the time at which the matrix is read. Entries of known failures
	// expire by it.
	Now time.Time
	// MaxAge is the age from which on a run counts as expired; 0 is never.
	MaxAge time.Duration
	// Catalogue is the digest of the present catalogue. Without it the catalogue
	// of the latest run is the present one.
	Catalogue string
}

// A Matrix holds several reports side by side.
type Matrix struct {
	Columns  []*Column
	Chapters []*Chapter
	// Requirements counts the rows.
	Requirements int
}

// A Chapter is the part of a matrix that belongs to one chapter of the catalogue.
type Chapter struct {
	Name   string
	Counts []Tally // of each column
	Rows   []*Row
}

// A Row shows one requirement.
type Row struct {
	ID, Title string
	Level     scenarios.Level
	Cells     []*Cell // of each column
}

// maxText is the length in bytes of the longest text that a matrix keeps.
const maxText = 4000

// New returns the matrix of the reports, one column for each in the order of
// sources. It does not change the reports.
func New(sources []Source, o Options) *Matrix {
	m := &Matrix{}
	if o.Catalogue == "" {
		o.Catalogue = latest(sources).Suite.Catalogue
	}
	rows := map[string]*Row{}
	for i, s := range sources {
		s.Report = new(page.Clean(*s.Report, maxText))
		m.Columns = append(m.Columns, newColumn(s, i, o))
		for k := range s.Report.Results {
			x := &s.Report.Results[k]
			row := rows[x.ID]
			if row == nil {
				row = &Row{Cells: make([]*Cell, len(sources))}
				rows[x.ID] = row
				c := m.chapter(x.Profile, len(sources))
				c.Rows = append(c.Rows, row)
			}
			row.ID, row.Title, row.Level = x.ID, x.Title, x.Level
			row.Cells[i] = newCell(x, s, m.Columns[i], o)
		}
	}
	m.arrange()
	return m
}

// latest returns the report of the latest run.
func latest(sources []Source) *report.Report {
	return slices.MaxFunc(sources, func(a, b Source) int {
		return a.Report.Started.Compare(b.Report.Started)
	}).Report
}

func (m *Matrix) chapter(name string, columns int) *Chapter {
	for _, c := range m.Chapters {
		if c.Name == name {
			return c
		}
	}
	c := &Chapter{Name: name, Counts: make([]Tally, columns)}
	m.Chapters = append(m.Chapters, c)
	return c
}

// arrange sorts chapters and rows in the order of the catalogue, fills the cells
// of requirements that a report does not have, and counts.
func (m *Matrix) arrange() {
	order := scenarios.ChapterNames()
	place := func(c *Chapter) int {
		if i := slices.Index(order, c.Name); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortStableFunc(m.Chapters, func(a, b *Chapter) int { return place(a) - place(b) })
	for _, c := range m.Chapters {
		m.Requirements += len(c.Rows)
		slices.SortFunc(c.Rows, func(a, b *Row) int {
			return cmp.Or(cmp.Compare(prefix(a.ID), prefix(b.ID)), cmp.Compare(len(a.ID), len(b.ID)),
				strings.Compare(a.ID, b.ID))
		})
		for i, column := range m.Columns {
			c.Counts[i] = Tally{}
			for _, row := range c.Rows {
				if row.Cells[i] == nil {
					row.Cells[i] = missingCell(column)
				}
				c.Counts[i][row.Cells[i].Kind]++
				column.Tally[row.Cells[i].Kind]++
			}
		}
	}
}

// total counts the cells of all columns.
func (m *Matrix) total() Tally {
	all := Tally{}
	for _, c := range m.Columns {
		for kind, n := range c.Tally {
			all[kind] += n
		}
	}
	return all
}

// prefix returns the ID without its number.
func prefix(id string) string {
	text, _, _ := strings.Cut(id, "-")
	return text
}
