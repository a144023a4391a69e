package pebble

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// patience bounds every wait of this package that the caller did not bound.
const patience = 10 * time.Second

// A Journal holds what happened at a CA, in order. It may be read while it
// grows. An exchange is written before the client sees its answer.
type Journal struct {
	start time.Time

	mu      sync.Mutex
	entries []Entry
	grown   chan struct{} // closed, and replaced, by every new entry
}

func newJournal() *Journal {
	return &Journal{start: time.Now(), grown: make(chan struct{})}
}

// add stamps and appends an entry. Secrets are masked here, once for all.
func (j *Journal) add(e Entry) {
	e.Detail = mask(e.Detail)
	j.mu.Lock()
	defer j.mu.Unlock()
	e.T = time.Since(j.start)
	j.entries = append(j.entries, e)
	close(j.grown)
	j.grown = make(chan struct{})
}

// Entries are all entries so far, a copy.
func (j *Journal) Entries() []Entry { return j.Filter(nil) }

// Filter returns the entries that match. A nil filter matches all.
func (j *Journal) Filter(match func(Entry) bool) []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	if match == nil {
		return slices.Clone(j.entries)
	}
	var found []Entry
	for _, e := range j.entries {
		if match(e) {
			found = append(found, e)
		}
	}
	return found
}

// Count counts the entries that match.
func (j *Journal) Count(match func(Entry) bool) int { return len(j.Filter(match)) }

// Requests are the requests of one kind; [KindAny] stands for every request of
// a client.
func (j *Journal) Requests(kind Kind) []Entry {
	return j.Filter(func(e Entry) bool {
		return e.Kind == kind || kind == KindAny && e.Kind.request()
	})
}

// Issued are the certificates issued, one entry each.
func (j *Journal) Issued() []Entry {
	return j.Filter(func(e Entry) bool { return e.Kind == KindIssued })
}

// Validations are the verdicts on challenges, valid or not: one per challenge,
// though validation looks at the server several times.
func (j *Journal) Validations() []Entry {
	return j.Filter(func(e Entry) bool { return e.Kind == KindValidation })
}

// Validated tells whether a challenge of this type was found valid for this
// identifier.
func (j *Journal) Validated(challenge, identifier string) bool {
	return j.Count(func(e Entry) bool {
		return e.Valid() && e.Challenge == challenge && slices.Contains(e.Identifiers, identifier)
	}) > 0
}

// Faults are the injected faults that fired, one entry for each time.
func (j *Journal) Faults() []Entry {
	return j.Filter(func(e Entry) bool { return e.Fault != "" })
}

// Wait returns as soon as the condition holds, which it looks at whenever the
// journal has grown. What says what is awaited, for the error that comes when
// the context ends first. Without a deadline in the context, Wait gives up
// after ten seconds.
func (j *Journal) Wait(ctx context.Context, what string, cond func(*Journal) bool) error {
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	for {
		j.mu.Lock()
		grown := j.grown
		j.mu.Unlock()
		if cond(j) {
			return nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return fmt.Errorf("waited in vain for %s: %w; the CA's journal ends with %s", what, context.Cause(ctx), j.tail(5))
		}
	}
}

// String is the whole journal, one line per entry.
func (j *Journal) String() string {
	var b strings.Builder
	for _, e := range j.Entries() {
		fmt.Fprintln(&b, e)
	}
	return b.String()
}

func (j *Journal) tail(n int) string {
	all := j.Entries()
	if len(all) == 0 {
		return "nothing at all"
	}
	var lines []string
	for _, e := range all[max(0, len(all)-n):] {
		lines = append(lines, e.String())
	}
	return strings.Join(lines, "; ")
}
