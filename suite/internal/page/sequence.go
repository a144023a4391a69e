package page

import (
	"slices"
	"strconv"
	"strings"

	"assay/suite/report"
)

// A sequence is the exchange with the CA, drawn as arrows between four lanes:
// the target, the network through which the CA validates, the edge in front of the CA,
// and the CA.
type sequence struct {
	Rows  []exchange
	Total int
	Bad   int // exchanges that went wrong
}

// An exchange is one arrow, or a gap.
type exchange struct {
	Time   string
	Arrow  string // the symbol that draws it
	Route  string // "target to edge", for those who do not see the arrow
	Accent string
	What   string
	Status int
	Times  int // how often it was repeated, one after the other
	Detail string
	Fault  string
	Gap    string
}

// lanes holds the place of each party by its name in the journal.
var lanes = map[string]int{"target": 0, "gateway": 1, "dns": 1, "edge": 2, "ca": 3}

// routes holds how a party is called.
var routes = map[string]string{
	"target": "target", "gateway": "validation", "dns": "DNS", "edge": "edge", "ca": "CA",
}

func newSequence(all []report.Exchange, limit int) *sequence {
	if len(all) == 0 {
		return nil
	}
	s := &sequence{Total: len(all)}
	var rows []exchange
	last := -1 // the last row that went wrong
	for i, x := range all {
		row := newExchange(x)
		if row.Accent != "" {
			s.Bad++
		}
		if i > 0 && same(all[i-1], x) {
			rows[len(rows)-1].Times++
		} else {
			rows = append(rows, row)
		}
		if row.Accent != "" {
			last = len(rows) - 1
		}
	}
	if last < 0 {
		last = len(rows) - 1
	}
	spans := choose(len(rows), limit, last)
	for i, p := range spans {
		s.Rows = append(s.Rows, rows[p.from:p.to]...)
		if n := gap(spans, i, len(rows)); n > 0 {
			s.Rows = append(s.Rows, exchange{
				Gap: plural(n, "exchange", "exchanges") + " left out here",
			})
		}
	}
	return s
}

// same reports whether two exchanges differ in nothing but their time.
func same(a, b report.Exchange) bool {
	a.TMS = b.TMS
	return a == b
}

func newExchange(x report.Exchange) exchange {
	row := exchange{
		Time: moment(x.TMS), Arrow: "a-dot", Accent: accentOf(x), What: cut(x.What, 300),
		Status: x.Status, Times: 1, Detail: cut(x.Detail, maxLine), Fault: cut(x.Fault, 200),
		Route: party(x.From) + " to " + party(x.To),
	}
	from, known := lanes[x.From]
	to, also := lanes[x.To]
	if known && also && from != to {
		row.Arrow = "a-" + strconv.Itoa(from) + strconv.Itoa(to)
	}
	return row
}

func party(name string) string {
	if word, ok := routes[name]; ok {
		return word
	}
	return cut(name, 40)
}

// accentOf returns the accent of an exchange: "bad" if it went wrong, "warn" if
// the suite injected a fault, "" otherwise.
func accentOf(x report.Exchange) string {
	switch {
	case x.Fault != "":
		return "warn"
	case x.Status >= 400, strings.Contains(x.Detail, "urn:ietf:params:acme:error:"),
		slices.ContainsFunc([]string{" invalid", " failed"}, func(end string) bool {
			return strings.HasSuffix(x.What, end)
		}):
		return "bad"
	}
	return ""
}

// sentence writes an exchange on one line.
func sentence(x report.Exchange) string {
	parts := []string{x.What}
	if x.Status != 0 {
		parts = append(parts, strconv.Itoa(x.Status))
	}
	if x.Detail != "" {
		parts = append(parts, x.Detail)
	}
	if x.Fault != "" {
		parts = append(parts, "(injected fault: "+x.Fault+")")
	}
	return strings.Join(parts, " ")
}
