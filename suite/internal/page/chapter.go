package page

import (
	"fmt"
	"math"
	"strings"

	"assay/suite/internal/render"
	"assay/suite/report"
)

// A chapter holds the results of one chapter of the catalogue.
type chapter struct {
	Name    string
	Results []*result
	Aside   []*result // not claimed, or not selected

	tally tally
}

// Counts returns how often which kind occurred.
func (c *chapter) Counts() []count { return c.tally.counts() }

// barWidth is the width of a bar in units of its drawing.
const barWidth = 1000

// A segment is the part of a bar that stands for one kind.
type segment struct {
	Accent   string
	X, Width int
}

// Bar returns the segments of the chapter's bar, with what passed first.
func (c *chapter) Bar() []segment {
	total := len(c.Results) + len(c.Aside)
	if total == 0 {
		return nil
	}
	var out []segment
	sum := 0
	add := func(k Kind) {
		n := c.tally[k]
		if n == 0 {
			return
		}
		x := sum * barWidth / total
		sum += n
		out = append(out, segment{k.Accent, x, sum*barWidth/total - x})
	}
	add(passed)
	for _, k := range kinds {
		if k != passed {
			add(k)
		}
	}
	return out
}

// sections returns the tables after the results.
func sections(r *report.Report) []section {
	var out []section
	for _, s := range []section{
		leftAside(r), unannounced(r), triedTwice(r), skips(r), rateLimits(r),
	} {
		if len(s.Rows) > 0 {
			out = append(out, s)
		}
	}
	return out
}

// rateLimits says how near the target came to the rate limits of the CA.
func rateLimits(r *report.Report) section {
	s := section{
		ID: "limits", Title: "Rate limits of Let's Encrypt",
		Note: "The local CA stands in for a public one, and refuses nothing for these. " +
			"They are not judged.",
		Head: []string{"limit", "nearest case", "counted at a time", "beyond it"},
	}
	for _, l := range r.Limits {
		beyond := "not in this run"
		if line := render.Exceeded(l); line != "" {
			beyond = line
		}
		s.Rows = append(s.Rows, []cell{
			{Text: cut(fmt.Sprintf("%d %s %s", l.Most, l.Name, l.Per), 200)},
			{Text: cut(l.Nearest, 200)}, {Text: fmt.Sprintf("%.0f", math.Ceil(l.Peak))},
			{Text: cut(beyond, 1000)},
		})
	}
	return s
}

// leftAside lists the entries of known failures that did not apply.
func leftAside(r *report.Report) section {
	s := section{
		ID: "left-aside", Title: "Known failures that did not apply",
		Note: "Entries of the target file that said nothing about this run.",
		Head: []string{"requirement", "the entry's reason", "why it did not apply"},
	}
	for _, e := range r.LeftAside {
		id := strings.TrimSpace(e.ID + " " + e.Version)
		s.Rows = append(s.Rows, []cell{
			{Text: cut(id, 200)}, {Text: cut(e.Reason, 1000)}, {Text: cut(e.Why, 1000)},
		})
	}
	return s
}

// unannounced lists warnings that the target logged without a reason.
func unannounced(r *report.Report) section {
	g := newGroups()
	for i := range r.Results {
		x := &r.Results[i]
		for _, line := range x.Unannounced() {
			g.add(line, x.ID)
		}
	}
	return section{
		ID: "unannounced", Title: "Warnings at start that no spec announced",
		Note: "The target logged these with a configuration that gives no reason for a warning. " +
			"They are not judged.",
		Head: []string{"line", "where"}, Rows: g.rows(),
	}
}

// triedTwice lists what was tried again because the machine was starved.
func triedTwice(r *report.Report) section {
	s := section{
		ID: "tried-twice", Title: "Tried twice",
		Note: "A time limit passed while this machine was starved. The second try counts.",
		Head: []string{"requirement", "why"},
	}
	add := func(name, why string) {
		if why != "" {
			s.Rows = append(s.Rows, []cell{{Anchors: []string{name}}, {Text: cut(why, 1000)}})
		}
	}
	for i := range r.Results {
		x := &r.Results[i]
		add(x.ID, x.TriedTwice)
		for _, c := range x.Cases {
			add(x.ID+"/"+c.Case, c.TriedTwice)
		}
	}
	return s
}

// skips lists what was skipped, by reason.
func skips(r *report.Report) section {
	g := newGroups()
	for i := range r.Results {
		x := &r.Results[i]
		if x.Status == report.Skipped && !x.LeftOut {
			g.add(x.Reason, x.ID)
		}
		if x.Status == report.Skipped || x.Status == report.NotClaimed {
			continue
		}
		for _, c := range x.Cases {
			if c.Status == report.Skipped && !c.LeftOut {
				g.add(c.Reason, x.ID+"/"+c.Case)
			}
		}
	}
	return section{
		ID: "skipped", Title: "Skipped",
		Note: "Claimed by the target, and not run to a verdict.",
		Head: []string{"reason", "what"}, Rows: g.rows(),
	}
}

// groups collects anchors by a text, in the order of the texts' first use.
type groups struct {
	texts   []string
	members map[string][]string
}

func newGroups() *groups { return &groups{members: map[string][]string{}} }

func (g *groups) add(text, member string) {
	if g.members[text] == nil {
		g.texts = append(g.texts, text)
	}
	g.members[text] = append(g.members[text], member)
}

// maxMembers is the number of members that a row names.
const maxMembers = 12

func (g *groups) rows() [][]cell {
	var rows [][]cell
	for _, text := range g.texts {
		c := cell{Anchors: g.members[text]}
		if n := len(c.Anchors) - maxMembers; n > 0 {
			c.Anchors, c.Text = c.Anchors[:maxMembers], "and "+number(n)+" more"
		}
		rows = append(rows, []cell{{Text: cut(text, 1000)}, c})
	}
	return rows
}
