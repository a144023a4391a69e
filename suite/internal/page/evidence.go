package page

import (
	"strings"

	"assay/suite/report"
)

// An evidence holds what a page shows of [report.Evidence].
type evidence struct {
	Case     string
	Dir      string // a relative link, or ""
	Files    []string
	Repeat   string
	Missing  string // why there are no packets
	Config   string
	Log      *logView
	Sequence *sequence
	Chains   *chains
	Timeline *timeline
	// LeftOut says that the page has no room for this evidence.
	LeftOut bool
}

func newEvidence(e *report.Evidence, r *report.Report, l limits) *evidence {
	out := &evidence{Case: e.Case, Dir: fileLink(e.Dir), Repeat: e.Repeat,
		Missing: e.CaptureLeftOut}
	if out.Dir != "" {
		out.Files = files(e)
	}
	if l == (limits{}) {
		out.LeftOut = e.Config != "" || len(e.Log)+len(e.ACME)+len(e.Handshakes) > 0
		return out
	}
	out.Config = cut(strings.TrimRight(e.Config, "\n"), l.config)
	served := serve(e.Handshakes)
	out.Log = newLogView(e, served, l.lines)
	out.Sequence = newSequence(e.ACME, l.exchanges)
	out.Chains = newChains(served, r.Started, l.chains)
	if l.chains > 1 {
		out.Timeline = newTimeline(e, served, r.Started)
	}
	return out
}

// Empty reports whether there is nothing to show.
func (e *evidence) Empty() bool {
	return e.Config == "" && e.Log == nil && e.Sequence == nil && e.Chains == nil &&
		e.Timeline == nil && e.Repeat == "" && e.Dir == "" && !e.LeftOut
}

// files returns the names of the files that the directory of evidence holds.
func files(e *report.Evidence) []string {
	var names []string
	add := func(there bool, name string) {
		if there {
			names = append(names, name)
		}
	}
	add(e.Config != "", "config.txt")
	add(len(e.Log) > 0, "log.txt")
	add(len(e.ACME) > 0, "acme.jsonl")
	for _, h := range e.Handshakes {
		if len(h.Chain) > 0 {
			add(true, "chain.pem")
			break
		}
	}
	add(e.Capture != "" && !strings.ContainsAny(e.Capture, "/\\:"), e.Capture)
	return names
}

// A span is a range of indexes: from, and the first after it.
type span struct{ from, to int }

// choose selects n of total items: the first ones, which show how it began, and
// those around the item at center, which are more.
func choose(total, n, center int) []span {
	if total <= n {
		return []span{{0, total}}
	}
	head := n / 4
	body := n - head
	from := min(max(center-body*3/4, head), total-body)
	if from <= head {
		return []span{{0, head + body}}
	}
	return []span{{0, head}, {from, from + body}}
}

// gap returns the number of items between the end of one span and the next one,
// or the end.
func gap(spans []span, i, total int) int {
	if i+1 < len(spans) {
		return spans[i+1].from - spans[i].to
	}
	return total - spans[i].to
}

// moment writes a time in milliseconds since the spec began.
func moment(ms int64) string {
	if ms < 100_000 && ms > -100_000 {
		return number(int(ms)) + " ms"
	}
	return number(int(ms/1000)) + " s"
}
