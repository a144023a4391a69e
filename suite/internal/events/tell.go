package events

import (
	"io"
	"sync"

	"assay/suite/report"
)

// A Teller calls a function with the events of a run, one at a time, in the process that
// the user started.
type Teller struct {
	mu      sync.Mutex
	call    func(report.Event)
	last    report.Event // for its counts
	signals int          // that came
}

// NewTeller returns a Teller, and calls the function with the first event.
func NewTeller(call func(report.Event), first report.Event) *Teller {
	t := &Teller{call: call}
	t.tell(bounded(first))
	return t
}

// Read calls the function with the events of a stream from a [Sender], until the stream
// ends.
func (t *Teller) Read(stream io.Reader) { Read(stream, t.tell) }

// Interrupted calls the function with an event that says that a signal ends the run.
// Further calls say that another signal ends the run at once.
func (t *Teller) Interrupted() {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := report.Event{
		Kind: report.EventEnding, Total: t.last.Total, Done: t.last.Done, Failed: t.last.Failed,
	}
	if t.signals++; t.signals > 1 {
		e.Kind = report.EventAborting
	}
	t.call(e)
}

func (t *Teller) tell(e report.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = e
	t.call(e)
}
