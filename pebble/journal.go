package pebble

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"assay/pebble/limits"
)

// patience bounds all waits of this package for which the caller sets no deadline.
const patience = 10 * time.Second

// A Journal records what happens at a CA, in order. It may be read while it grows. A
// request is recorded before the client gets its answer.
type Journal struct {
	start time.Time
	clock func() time.Time // the CA's; nil if the CA has none of its own

	mu      sync.Mutex
	entries []Entry
	leftOut int           // entries beyond the limit
	acts    uint64        // events that are more than a look, see [Entry.look]
	grown   chan struct{} // closed and replaced when an entry is added
}

func newJournal(clock func() time.Time) *Journal {
	return &Journal{start: time.Now(), clock: clock, grown: make(chan struct{})}
}

// JournalOf returns a journal that holds these entries, in this order, as one that is
// read after the CA has ended. The times of the entries stay as they are.
func JournalOf(entries ...Entry) *Journal {
	j := newJournal(nil)
	j.entries = slices.Clone(entries)
	return j
}

// Began returns when the journal was begun. The times of its entries count from
// then.
func (j *Journal) Began() time.Time { return j.start }

// add adds an entry. It sets the time, masks secrets in the detail, and cuts long
// texts. A journal that is full counts the entry only.
func (j *Journal) add(e Entry) {
	e.Detail = mask(e.Detail)
	for _, text := range []*string{
		&e.What, &e.Problem, &e.Detail, &e.State, &e.Challenge, &e.Order, &e.Account, &e.Serial,
		&e.Host, &e.Fault,
	} {
		*text = limits.Cut(*text)
	}
	e.Identifiers, e.Contact = limits.CutAll(e.Identifiers), limits.CutAll(e.Contact)
	j.mu.Lock()
	defer j.mu.Unlock()
	if !e.look() {
		j.acts++
	}
	if len(j.entries) >= limits.Entries {
		j.leftOut++
		return
	}
	e.T = time.Since(j.start)
	if j.clock != nil {
		e.At = j.clock()
	}
	j.entries = append(j.entries, e)
	close(j.grown)
	j.grown = make(chan struct{})
}

// LeftOut returns the number of events that the journal has no entry for, because it
// is full.
func (j *Journal) LeftOut() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.leftOut
}

// Acts returns how many events there were beside requests that only look whether there
// is something to do, for the directory, a nonce, or renewal information, and beside
// notes that the CA went down or was restored.
func (j *Journal) Acts() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.acts
}

// Len returns the number of entries.
func (j *Journal) Len() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.entries)
}

// Since returns a copy of the entries after the first n.
func (j *Journal) Since(n int) []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.entries[min(n, len(j.entries)):])
}

// Entries returns a copy of all entries.
func (j *Journal) Entries() []Entry { return j.Filter(nil) }

// Filter returns the entries for which match returns true. If match is nil, it
// returns all.
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

// Count returns the number of entries for which match returns true.
func (j *Journal) Count(match func(Entry) bool) int { return len(j.Filter(match)) }

// Requests returns the entries of one kind. [KindAny] stands for all requests of
// clients.
func (j *Journal) Requests(kind Kind) []Entry {
	return j.Filter(func(e Entry) bool {
		return e.Kind == kind || kind == KindAny && e.Kind.request()
	})
}

// Issued returns one entry for each certificate that was issued.
func (j *Journal) Issued() []Entry {
	return j.Filter(func(e Entry) bool { return e.Kind == KindIssued })
}

// Validations returns the verdicts on challenges, valid or invalid: one entry for each
// challenge, although validation connects to the server several times.
func (j *Journal) Validations() []Entry {
	return j.Filter(func(e Entry) bool { return e.Kind == KindValidation })
}

// Validated reports whether a challenge of this type was found valid for the
// identifier.
func (j *Journal) Validated(challenge, identifier string) bool {
	return j.Count(func(e Entry) bool {
		return e.Valid() && e.Challenge == challenge && slices.Contains(e.Identifiers, identifier)
	}) > 0
}

// Faults returns one entry for each answer that an injected fault made.
func (j *Journal) Faults() []Entry {
	return j.Filter(func(e Entry) bool { return e.Fault != "" })
}

// Wait waits until cond returns true. It calls cond at once and whenever an entry was
// added. If the context ends first, the error names what, which describes the awaited
// event. If the context has no deadline, Wait gives up after ten seconds.
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
			return fmt.Errorf("waited in vain for %s: %w; the CA's journal ends with %s",
				what, context.Cause(ctx), j.tail(5))
		}
	}
}

// String returns the whole journal, one line for each entry.
func (j *Journal) String() string {
	var b strings.Builder
	for _, e := range j.Entries() {
		fmt.Fprintln(&b, e)
	}
	return b.String()
}

// tail returns the last n entries on one line.
func (j *Journal) tail(n int) string {
	all := j.Entries()
	if len(all) == 0 {
		return "no entry"
	}
	var lines []string
	for _, e := range all[max(0, len(all)-n):] {
		lines = append(lines, e.String())
	}
	return strings.Join(lines, "; ")
}
