package run

import (
	"slices"
	"strings"
	"sync"
	"time"

	"assay/scenarios"
	"assay/suite/report"
)

// A tracker makes events of the outcomes of cases while the run goes on.
//
// A failure is told when the last case of its requirement and the last case of what the
// requirement needs have ended, so that it is told once, with the verdict that the
// report will have. A case that a starved machine decided has not ended before its second
// try.
//
// Its methods that tell something may be called from several goroutines.
type tracker struct {
	p    *plan
	send func(report.Event)

	mu       sync.Mutex             // held while something is told
	latest   report.Event           // its counts
	left     map[string]int         // cases that have not ended, by requirement
	chapters map[string]*chapterSum // by name
	ended    map[string]bool        // cases, by name
	starved  map[string]outcome     // first tries that wait for the second
	again    bool                   // second tries have begun
	outcomes []outcome              // that count
	suspects []string               // requirements that may fail the run and are not judged yet
}

// chapterSum counts the requirements of a chapter.
type chapterSum struct{ total, done, failed int }

// newTracker returns a tracker of the cases that are selected.
func (p *plan) newTracker(send func(report.Event)) *tracker {
	t := &tracker{
		p: p, send: send, latest: report.Event{Kind: report.EventCase},
		left: map[string]int{}, chapters: map[string]*chapterSum{},
		ended: map[string]bool{}, starved: map[string]outcome{},
	}
	for _, r := range p.catalogue.Requirements() {
		n := p.countOf(r)
		if n == 0 {
			continue
		}
		t.left[r.ID] = n
		t.latest.Total++
		if t.chapters[r.Chapter] == nil {
			t.chapters[r.Chapter] = &chapterSum{}
		}
		t.chapters[r.Chapter].total++
	}
	return t
}

// tell sends an event of a kind with the counts so far.
func (t *tracker) tell(kind report.EventKind) {
	e := t.latest
	e.Kind = kind
	t.send(e)
}

// notice takes what the workers left: that cases began, and how they ended.
func (t *tracker) notice(fresh []outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, o := range fresh {
		if o.Began {
			t.began(o.name())
		} else {
			t.over(o)
		}
	}
	t.judge()
	t.tell(report.EventCase)
}

// finish takes all outcomes when the workers have ended. The last ones may be new.
func (t *tracker) finish(all []outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, o := range all {
		t.end(o)
	}
	t.latest.Running = nil
	t.judge()
	t.tell(report.EventFinishing)
}

// issuance tells that the target got no certificate when the run tried that.
func (t *tracker) issuance(x *report.Result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.latest
	e.Kind, e.Failure = report.EventIssuance, x
	t.send(e)
}

func (t *tracker) began(name string) {
	if _, waits := t.starved[name]; waits && !t.again {
		t.again = true
		e := t.latest
		e.Kind, e.Again = report.EventAgain, len(t.starved)
		t.send(e)
	}
	t.latest.Running = append(t.latest.Running, name)
}

// over takes the outcome of a try.
func (t *tracker) over(o outcome) {
	name := o.name()
	t.latest.Running = slices.DeleteFunc(t.latest.Running, func(n string) bool { return n == name })
	first, second := t.starved[name]
	switch {
	case second:
		t.end(settle([]outcome{first}, []outcome{o}, false)[0])
	case o.Starved != "":
		t.starved[name] = o
	default:
		t.end(o)
	}
}

// end takes an outcome that counts.
func (t *tracker) end(o outcome) {
	name := o.name()
	if t.ended[name] || t.left[o.ID] == 0 {
		return // the report says what is wrong with it
	}
	t.ended[name] = true
	t.outcomes = append(t.outcomes, o)
	if t.suspicious(o) && !slices.Contains(t.suspects, o.ID) {
		t.suspects = append(t.suspects, o.ID)
	}
	if t.left[o.ID]--; t.left[o.ID] > 0 {
		return
	}
	t.latest.Done++
	r, _, _ := t.p.catalogue.Find(o.ID)
	c := t.chapters[r.Chapter]
	if c.done++; c.done < c.total {
		return
	}
	t.judge() // the chapter's failures come first
	e := t.latest
	e.Kind = report.EventChapter
	e.Chapter = &report.ChapterEvent{Name: r.Chapter, Done: c.done, Failed: c.failed}
	t.send(e)
}

// suspicious reports whether an outcome may fail the run.
func (t *tracker) suspicious(o outcome) bool {
	return o.Status == report.Failed || o.Status == report.Error || t.listed(o.ID)
}

// listed reports whether the target has a known failure of a requirement, which may pass
// unexpectedly.
func (t *tracker) listed(id string) bool {
	for _, k := range t.p.target.KnownFailures {
		if of, _, _ := strings.Cut(k.ID, "/"); of == id {
			return true
		}
	}
	return false
}

// judge sends an event for each suspect that can be judged and fails the run.
func (t *tracker) judge() {
	var ready []string
	t.suspects = slices.DeleteFunc(t.suspects, func(id string) bool {
		complete := t.complete(id)
		if complete {
			ready = append(ready, id)
		}
		return complete
	})
	if len(ready) == 0 {
		return
	}
	r := t.p.conclude(conclusion{started: time.Now(), outcomes: t.outcomes,
		early: earlyEnd{reason: "not tried yet"}})
	for i := range r.Results {
		x := &r.Results[i]
		if !slices.Contains(ready, x.ID) || !x.Fails(t.p.Strict) {
			continue
		}
		t.latest.Failed++
		t.chapters[x.Profile].failed++
		e := t.latest
		e.Kind, e.Failure = report.EventFailure, x
		t.send(e)
	}
}

// complete reports whether every case of a requirement, and of what it needs, has ended.
// What is not selected has no cases.
func (t *tracker) complete(id string) bool {
	if t.left[id] > 0 {
		return false
	}
	r, _, _ := t.p.catalogue.Find(id)
	return !slices.ContainsFunc(r.Needs, func(need scenarios.Need) bool {
		id, _, _ := strings.Cut(need.ID, "/")
		return id != "" && !t.complete(id)
	})
}
