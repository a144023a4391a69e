package matrix

import (
	_ "embed" // for the parts of the page
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"

	"assay/suite/internal/page"
	"assay/suite/report"
	"assay/suite/report/words"
)

var (
	//go:embed assets/matrix.html
	matrixHTML string
	//go:embed assets/matrix.css
	matrixCSS string
)

var matrixTemplate = page.Template(matrixHTML, template.FuncMap{
	"anchor":  (*Cell).anchor,
	"meaning": func(k page.Kind) string { return meanings[k.Key] },
	"web":     page.WebLink,
	"missing": func(k page.Kind) bool { return k == missing },
	"lines":   lastLines,
})

// limits are how much of each cell a page shows.
type limits struct {
	message int // bytes of a message, and of a configuration
	lines   int // lines of a log
	cases   int
}

var ladder = []limits{{4000, 20, 40}, {1000, 8, 12}, {300, 0, 4}, {0, 0, 0}}

// view holds what the template shows.
type view struct {
	*Matrix
	Title  string
	Legend []Count
	Noted  []noted
	limits limits
}

// noted is a requirement of which at least one run has something to say.
type noted struct {
	*Row
	Chapter string
	Said    []*Cell
}

// Cut returns a text, cut to the page's limit.
func (v *view) Cut(text string) string { return words.Cut(text, v.limits.message) }

// Lines returns how many lines of a log the page shows.
func (v *view) Lines() int { return v.limits.lines }

// CasesOf returns the cases of a cell that the page names.
func (v *view) CasesOf(c *Cell) []string {
	var names []string
	for i, k := range c.Cases {
		if i == v.limits.cases {
			names = append(names, strconv.Itoa(len(c.Cases)-i)+" more")
			break
		}
		names = append(names, k.Case)
	}
	return names
}

// WriteHTML writes the matrix as one page, which loads nothing. Links to other
// pages are those of the sources. The page stays below two megabytes as long as
// messages and evidence can be shortened.
func (m *Matrix) WriteHTML(w io.Writer) error {
	v := &view{Matrix: m, Title: m.title(), Legend: m.total().Counts()}
	good := !slices.ContainsFunc(m.Columns, func(c *Column) bool { return c.Exit != report.ExitOK })
	for _, chapter := range m.Chapters {
		for _, row := range chapter.Rows {
			n := noted{Row: row, Chapter: chapter.Name}
			for _, cell := range row.Cells {
				if cell.Noted() {
					n.Said = append(n.Said, cell)
				}
			}
			if len(n.Said) > 0 {
				v.Noted = append(v.Noted, n)
			}
		}
	}
	return page.Fit(w, ladder, func(w io.Writer, l limits) error {
		v.limits = l
		f := page.Frame{
			Title: v.Title + " · Assay", Good: good, Style: matrixCSS, Data: v,
		}
		return f.Write(w, matrixTemplate)
	})
}

// anchor returns the anchor of what the page says about a cell.
func (c *Cell) anchor(id string) string { return "x-n-" + strconv.Itoa(c.Column.Number) + "-" + id }

// lastLines returns the last n lines of a log.
func lastLines(lines []string, n int) string {
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
