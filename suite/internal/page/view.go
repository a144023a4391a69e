package page

import (
	"fmt"
	"html/template"
	"net/url"
	"path"
	"strings"
	"time"

	"assay/scenarios"
	"assay/suite/report"
)

// A view holds what the template of the page shows.
type view struct {
	Verdict  verdict
	Facts    []fact
	Levels   levelTable
	Notes    []note // what makes the run special: interrupted, partial, and so on
	Lists    []list // what failed, is not met, or is known to fail
	Chapters []*chapter
	Counts   []count // of all requirements, for the filter
	Total    int
	Sections []section
}

// A fact is one line about the run.
type fact struct{ Name, Value string }

// A note is a sentence above the results.
type note struct {
	Accent, Title, Text string
}

// A section is a table after the results. It appears only if it has rows.
type section struct {
	ID, Title, Note string
	Head            []string
	Rows            [][]cell
}

// A cell is a text, a link to an anchor, or several links.
type cell struct {
	Text    string
	Anchors []string
}

func newView(r *report.Report, ladder steps) *view {
	v := &view{Facts: facts(r), Total: len(r.Results)}
	ids := newAnchors()
	all := tally{}
	var bad, unmet, excused []*result
	for i := range r.Results {
		x := newResult(&r.Results[i], r, ids, ladder)
		all[x.Kind]++
		c := v.chapter(x.Profile)
		c.tally[x.Kind]++
		switch x.Kind {
		case notClaimed, leftOut:
			c.Aside = append(c.Aside, x)
		default:
			c.Results = append(c.Results, x)
		}
		switch x.Kind {
		case errored, failed, unexpected:
			bad = append(bad, x)
		case notMet:
			unmet = append(unmet, x)
		case known:
			excused = append(excused, x)
		}
	}
	v.Counts = all.counts()
	v.Verdict = newVerdict(r, all)
	v.Notes = notes(r, all)
	v.Levels = newLevelTable(r)
	v.Lists = lists(bad, unmet, excused)
	v.Sections = sections(r)
	return v
}

func (v *view) chapter(name string) *chapter {
	for _, c := range v.Chapters {
		if c.Name == name {
			return c
		}
	}
	c := &chapter{Name: name, tally: tally{}}
	v.Chapters = append(v.Chapters, c)
	return c
}

// facts describes the run.
func facts(r *report.Report) []fact {
	version := r.Target.Version
	if version == "" {
		version = "unknown version"
	}
	started := "unknown"
	if r.Started.Year() > 1 {
		started = r.Started.UTC().Format("2 January 2006, 15:04:05 UTC")
	}
	catalogue := strings.TrimPrefix(r.Suite.Catalogue, "sha256:")
	if len(catalogue) > 12 {
		catalogue = catalogue[:12]
	}
	world := r.World
	if r.WorldReason != "" {
		world += " (" + r.WorldReason + ")"
	}
	strict := "no"
	if r.Strict {
		strict = "yes: a failed SHOULD fails the run"
	}
	all := []fact{
		{"target", r.Target.Name},
		{"version", version},
		{"autocert", r.Target.Autocert},
		{"claims", strings.Join(r.Target.Profiles, ", ")},
		{"started", started},
		{"took", duration(r.DurationMS) + " (CPU " + duration(r.CPUMS) + ")"},
		{"world", world},
		{"CA", r.CA + ", " + plural(r.Issuances, "certificate", "certificates") + " issued"},
		{"suite", "Assay " + r.Suite.Version + ", " + r.Go + ", " + r.OS},
		{"catalogue", catalogue},
		{"strict", strict},
		{"selected", selected(r.Selection)},
	}
	var out []fact
	for _, f := range all {
		if f.Value = cut(f.Value, 300); f.Value != "" {
			out = append(out, f)
		}
	}
	return out
}

// selected writes the flags by which the user selected requirements.
func selected(s *report.Selection) string {
	if s == nil {
		return ""
	}
	var flags []string
	for _, f := range []struct {
		name   string
		values []string
	}{
		{"--only", s.Only}, {"--skip", s.Skip}, {"--profile", s.Profiles}, {"--shard", []string{s.Shard}},
	} {
		if value := strings.Join(f.values, ","); value != "" {
			flags = append(flags, f.name+" "+value)
		}
	}
	return strings.Join(flags, " ")
}

// A levelTable counts the kinds by level.
type levelTable struct {
	Levels []string
	Rows   []levelRow
}

type levelRow struct {
	Kind   Kind
	Counts []int // in the order of the table's levels
	Total  int
}

func newLevelTable(r *report.Report) levelTable {
	byLevel := map[scenarios.Level]tally{}
	all := tally{}
	for i := range r.Results {
		x := &r.Results[i]
		k := KindOf(x, r.Strict)
		if byLevel[x.Level] == nil {
			byLevel[x.Level] = tally{}
		}
		byLevel[x.Level][k]++
		all[k]++
	}
	var t levelTable
	for _, level := range scenarios.Levels() {
		if byLevel[level] != nil {
			t.Levels = append(t.Levels, string(level))
		}
	}
	for _, c := range all.counts() {
		row := levelRow{Kind: c.Kind, Total: c.N}
		for _, level := range t.Levels {
			row.Counts = append(row.Counts, byLevel[scenarios.Level(level)][c.Kind])
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// duration returns a time in milliseconds for reading.
func duration(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	switch {
	case d < time.Second:
		return number(int(ms)) + " ms"
	case d < 2*time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.1f h", d.Hours())
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}

// WebLink returns a link that is safe to follow, or "" if the text is none.
func WebLink(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return u.String()
}

// fileLink returns the relative link to a directory of evidence, or "" if the
// name is not that of one: a link must not lead to other files of the reader's.
func fileLink(dir string) string {
	if !strings.HasPrefix(dir, "evidence/") || path.Clean(dir) != dir ||
		strings.ContainsAny(dir, "\\:\n\r\t") {
		return ""
	}
	return (&url.URL{Path: dir + "/"}).String()
}

// fragment returns the link to an anchor of the page. It leads nowhere else,
// whatever the name is: html/template would take "#javascript:x" for a scheme.
func fragment(anchor string) template.URL {
	return template.URL("#" + (&url.URL{Path: anchor}).EscapedPath())
}

// functions are the functions of all templates.
var functions = template.FuncMap{
	"duration": duration,
	"number":   number,
	"arrows":   arrows,
	"kinds":    func() []Kind { return kinds },
	"fragment": fragment,
}
