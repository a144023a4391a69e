package explore

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"assay/suite/internal/explore/life"
	"assay/suite/report"
)

// confirmations is how often a walk has to find the same again.
const confirmations = 2

// triesToShrink bounds how many walks the search for a shorter one takes.
const triesToShrink = 60

// A hunt leads servers through walks until the time is over.
type hunt struct {
	o     Options
	modes []string
	// lead leads a server through a walk. It may be called by several goroutines.
	lead func(context.Context, Walk) life.Outcome
	tell func(Event)

	mu     sync.Mutex
	next   int
	result Result
	steer  steering
	known  map[string]int // invariants that were found, and where in Finds; -1 while it is sought
	broken string         // an error of Assay's own
}

// run takes walks, so many at a time.
func (h *hunt) run(ctx context.Context) (*Result, error) {
	began := time.Now()
	h.known = map[string]int{}
	h.result.Unjudged = map[string]int{}
	h.result.Finds = []Find{}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var all sync.WaitGroup
	for range h.o.Workers {
		all.Go(func() {
			for ctx.Err() == nil {
				number, walk, more := h.draw(began)
				if !more {
					return
				}
				h.take(ctx, number, walk, began)
				if h.over() {
					stop()
				}
			}
		})
	}
	all.Wait()
	h.result.Took = time.Since(began).Seconds()
	if len(h.result.Finds) > 0 {
		h.result.Exit = report.ExitFailed
	}
	if h.broken != "" {
		return nil, fmt.Errorf("a walk ended by an error of Assay's own: %s", h.broken)
	}
	return &h.result, nil
}

// draw returns the next walk, if there is one.
func (h *hunt) draw(began time.Time) (number int, w Walk, more bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	number = h.next
	switch {
	case h.o.Play != nil:
		if number > 0 {
			return 0, w, false
		}
		w = *h.o.Play
	case h.o.Walks > 0 && number >= h.o.Walks, time.Since(began) >= h.o.For:
		return 0, w, false
	default:
		seed := life.SeedOf(h.o.Seed, number)
		if w = life.Generate(seed, h.modes); h.o.Covdata != "" {
			w = h.steer.next(w, seed)
		}
	}
	h.next++
	return number, w, true
}

// over reports whether nothing more is to be found.
func (h *hunt) over() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.broken != "" || h.o.First && len(h.result.Finds) > 0
}

// take takes one walk, and follows what it finds.
func (h *hunt) take(ctx context.Context, number int, w Walk, began time.Time) {
	o := h.lead(ctx, w)
	if ctx.Err() != nil {
		return
	}
	h.mu.Lock()
	h.result.Walks++
	h.result.Steps += len(w.Steps)
	h.result.Passed += w.Total().Hours() / 24
	h.steer.note(w, o.Covered)
	h.result.Covered, h.result.Kept = len(h.steer.reached), len(h.steer.kept)
	event := Event{Walks: h.result.Walks}
	switch {
	case o.Error != "":
		h.broken = fmt.Sprintf("%s, in walk %d:\n%s", o.Error, number, w.Write())
	case o.Unjudged != "":
		h.result.Unjudged[o.Unjudged]++
	}
	follow := false
	if o.Finding != nil {
		id := o.Finding.Invariant
		if at, known := h.known[id]; known {
			if at >= 0 {
				h.result.Finds[at].Again++
			}
		} else {
			h.known[id], follow = -1, true
			event.Text = fmt.Sprintf("walk %d: %s, seen %s", number, id, firstLine(o.Finding.Seen))
		}
	}
	h.mu.Unlock()
	h.tell(event)
	if follow {
		h.follow(ctx, number, w, o, began)
	}
}

// follow confirms a finding and shrinks its walk.
func (h *hunt) follow(ctx context.Context, number int, w Walk, o life.Outcome, began time.Time) {
	found := time.Since(began)
	id := o.Finding.Invariant
	same := func(candidate Walk) bool {
		again := h.lead(ctx, candidate)
		if again.Finding == nil || again.Finding.Invariant != id {
			return false
		}
		o = again
		return true
	}
	first := *o.Finding
	for range confirmations {
		if same(w) {
			continue
		}
		if ctx.Err() == nil {
			h.mu.Lock()
			delete(h.known, id) // another walk may show it
			h.result.Unsteady = append(h.result.Unsteady, Unsteady{id, first.Seen, w})
			h.mu.Unlock()
			h.tell(Event{Text: fmt.Sprintf("walk %d: %s was not there again", number, id)})
		}
		return
	}
	steps := len(w.Steps)
	if h.o.Play == nil && !h.o.First {
		w = life.Shrink(w, triesToShrink, same)
	}
	v := life.InvariantOf(id)
	find := Find{
		Invariant: id, Text: v.Text, From: append(slices.Clone(v.From), o.Finding.Also...),
		Expected: o.Finding.Expected, Seen: o.Finding.Seen,
		Walk: w, Story: o.Notes, YAML: string(w.Write()), Number: number, Steps: steps,
		After: found.Seconds(),
	}
	if ctx.Err() != nil {
		return
	}
	h.mu.Lock()
	h.known[id] = len(h.result.Finds)
	h.result.Finds = append(h.result.Finds, find)
	h.mu.Unlock()
	h.tell(Event{Find: &find})
}
